import type { LinkSpec } from "@sortie/transport-memory";
import { Game } from "./play.js";
import type { RunContext } from "./scenario.js";
import { World, type WorldOptions } from "./world.js";

/** What came of some time of game traffic over one link. */
export interface Played {
  readonly faults: readonly string[];
  /** The least share of unreliable messages that arrived, over 1 less the loss that the link in fact had. */
  readonly shortfall: number;
  readonly orderedP99Ms: number;
  readonly messages: number;
}

/** ms for the last ordered messages to arrive. */
const DRAIN_MS = 30_000;

/** Game traffic both ways for `seconds`, between one client and the server. */
export async function playGame(
  context: RunContext,
  link: LinkSpec,
  seconds: number,
  options: WorldOptions = {},
): Promise<Played> {
  const world = new World(context, { ...options, link });
  await world.listen();
  const player = await world.join();
  const { toClient, toServer, upLink, downLink } = player;
  const linkBefore = { up: { ...upLink.statistics }, down: { ...downLink.statistics } };
  const game = new Game(world, player);
  world.run(seconds * 1000);
  game.stop();
  const lossOf = (now: typeof upLink.statistics, before: typeof upLink.statistics): number =>
    (now.lost - before.lost) / (now.offered - before.offered);
  const up = toServer.unreliable.delivered - (1 - lossOf(upLink.statistics, linkBefore.up));
  const down = toClient.unreliable.delivered - (1 - lossOf(downLink.statistics, linkBefore.down));
  // What is under way when the traffic stops is not lost.
  const underWay = (20 * 2) / toServer.unreliable.sent;
  world.runUntil(() => toClient.ordered.missing + toServer.ordered.missing === 0, DRAIN_MS, 50);
  const { delays } = toClient.ordered;
  delays.merge(toServer.ordered.delays);
  const faults = [
    ...world.faults,
    toClient.ordered.orderedFaults(),
    toServer.ordered.orderedFaults(),
    toClient.unreliable.unreliableFaults(),
    toServer.unreliable.unreliableFaults(),
  ];
  await world.end();
  return {
    faults,
    shortfall: Math.max(0, -Math.min(up, down) - underWay),
    orderedP99Ms: delays.quantile(0.99),
    messages: toClient.unreliable.sent + toServer.unreliable.sent + delays.count,
  };
}
