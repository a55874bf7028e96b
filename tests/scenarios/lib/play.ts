import { Prng } from "@sortie/transport-memory";
import type { Player } from "./player.js";
import { BulkTraffic, GameTraffic, type GameTrafficOptions, Ticker } from "./traffic.js";
import type { World } from "./world.js";

const TICK_MS: number = 1000 / 60;

/** Game traffic both ways, until it is stopped. The server sends in its ticks, the client at a phase of its own. */
export class Game {
  private readonly ticker: Ticker;
  private isStopped = false;

  constructor(world: World, player: Player, options: GameTrafficOptions = {}) {
    const { clock } = world;
    const toClient = new GameTraffic(player.peer, player.toClient, options);
    const toServer = new GameTraffic(player.client, player.toServer, options);
    world.onServerTick((nowMs) => {
      if (!this.isStopped) toClient.tick(nowMs);
    });
    const phaseMs = TICK_MS * new Prng(world.network.seed, [world.players.indexOf(player)]).float();
    this.ticker = new Ticker(clock, clock.now() + phaseMs, (nowMs) => toServer.tick(nowMs));
  }

  stop(): void {
    this.isStopped = true;
    this.ticker.stop();
  }
}

/** Bulk from the server to one client, `totalBytes` in all; refilled in each tick of the server. */
export function startBulk(world: World, player: Player, totalBytes: number = Infinity): BulkTraffic {
  const bulk = new BulkTraffic(player.peer, player.toClient, totalBytes);
  world.onServerTick((nowMs) => bulk.tick(nowMs));
  return bulk;
}
