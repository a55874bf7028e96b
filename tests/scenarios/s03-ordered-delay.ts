import { Game } from "./lib/play.js";
import { atMost, noFaults, type Outcome, type RunContext, type Scenario } from "./lib/scenario.js";
import type { GameTrafficOptions } from "./lib/traffic.js";
import { World } from "./lib/world.js";

const ONE_WAY_MS = 50;
const TICK_MS: number = 1000 / 60;
const LOSS = 0.05;
const SECONDS = 300;
const QUICK_SECONDS = 12;

/** Game traffic for some time at a loss; everything sent has arrived when it returns. */
async function play(context: RunContext, loss: number, traffic: GameTrafficOptions): Promise<World> {
  const world = new World(context, { link: { latencyMs: ONE_WAY_MS, loss } });
  await world.listen();
  const player = await world.join();
  const game = new Game(world, player, traffic);
  world.run((context.quick ? QUICK_SECONDS : SECONDS) * 1000);
  game.stop();
  world.runUntil(() => player.toClient.ordered.missing + player.toServer.ordered.missing === 0, 5000);
  return world;
}

async function run(context: RunContext, traffic: GameTrafficOptions): Promise<Outcome> {
  const clean = await play(context, 0, traffic);
  const lossy = await play(context, LOSS, traffic);
  const cleanBytes = clean.network.stats.sentBytes;
  const lossyBytes = lossy.network.stats.sentBytes;
  const [player] = lossy.players as [(typeof lossy.players)[0] & object];
  const { delays } = player.toClient.ordered;
  delays.merge(player.toServer.ordered.delays);
  const faults = [...lossy.faults, player.toClient.ordered.orderedFaults(), player.toServer.ordered.orderedFaults()];
  await clean.end();
  await lossy.end();
  return {
    checks: [
      atMost("delivery p50", delays.quantile(0.5), ONE_WAY_MS + TICK_MS, "ms"),
      atMost("delivery p99", delays.quantile(0.99), 2.5 * 2 * ONE_WAY_MS, "ms"),
      atMost("bytes on the wire against no loss", lossyBytes / cleanBytes, 1.25, "times"),
      noFaults("nothing lost, doubled or out of order, no disconnect", faults),
    ],
    notes: { messages: delays.count, "delivery p99.9, ms": delays.quantile(0.999) },
  };
}

export const s03: Scenario = {
  id: "S3",
  title: "ordered messages at 5 % loss, RTT 100 ms",
  engine: "client and server",
  conditions: "5 min; a run without loss beside it; a tick of 60 Hz; delays of both directions together",
  variants: () => [
    { name: "in game traffic", run: (context) => run(context, {}) },
    { name: "alone, 10/s", run: (context) => run(context, { isOrderedOnly: true }) },
  ],
};
