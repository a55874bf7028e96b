import { LinkWatch } from "./lib/link-watch.js";
import { Game } from "./lib/play.js";
import type { Player } from "./lib/player.js";
import { atMost, noFaults, type Outcome, type RunContext, type Scenario } from "./lib/scenario.js";
import { World } from "./lib/world.js";

const ONE_WAY_MS = 30;
const TICK_MS: number = 1000 / 60;
/** ms of virtual time between two looks at what has arrived. */
const LOOK_EVERY_MS = 1;
const MAX_WAIT_MS = 5000;

/** ms after now until each direction has its next ordered message. */
function waitForOrdered(world: World, { toClient, toServer }: Player): number {
  const startMs = world.clock.now();
  const before = [toClient.ordered.received, toServer.ordered.received] as const;
  const bothCame = (): boolean => toClient.ordered.received > before[0] && toServer.ordered.received > before[1];
  world.runUntil(bothCame, MAX_WAIT_MS, LOOK_EVERY_MS);
  if (!bothCame()) return Infinity;
  return world.clock.now() - startMs;
}

async function run(context: RunContext, outages: number, outageMs: number, everyMs: number): Promise<Outcome> {
  const world = new World(context, { link: { latencyMs: ONE_WAY_MS } });
  await world.listen();
  const player = await world.join();
  const { toClient, toServer, downLink, peer } = player;
  const game = new Game(world, player);
  const watch = new LinkWatch(world, downLink, {
    unreliableReceived: () => toClient.unreliable.received,
    orderedReceived: () => toClient.ordered.received,
    rttMs: () => peer.rttMs,
    bytesInFlight: () => peer.stats.endpoint.bytesInFlight,
    ...world.windowGauges(),
  });
  world.run(2000);
  let worstMs = 0;
  for (let outage = 0; outage < outages; outage++) {
    world.network.setDefaultLink({ latencyMs: ONE_WAY_MS, loss: 1 });
    world.run(outageMs);
    world.network.setDefaultLink({ latencyMs: ONE_WAY_MS });
    const waitedMs = waitForOrdered(world, player);
    worstMs = Math.max(worstMs, waitedMs);
    if (waitedMs < everyMs - outageMs) world.run(everyMs - outageMs - waitedMs);
  }
  watch.stop();
  game.stop();
  world.runUntil(() => toClient.ordered.missing + toServer.ordered.missing === 0, 10_000);
  const faults = [toClient.ordered, toServer.ordered].map((book) => book.orderedFaults());
  await world.end();
  return {
    checks: [
      noFaults("no disconnect, nothing ordered lost", [...world.faults, ...faults]),
      atMost("first ordered message after the link's return", worstMs, 2 * ONE_WAY_MS + 2 * TICK_MS, "ms"),
    ],
    notes: { outages },
    series: watch.series,
  };
}

export const s07: Scenario = {
  id: "S7",
  title: "an outage of 2 s in every 10 s for 5 min; a single outage of 8 s",
  engine: "client and server",
  conditions: "RTT 60 ms, game traffic; all is lost both ways meanwhile; the later of both directions counts",
  variants: (quick) => [
    { name: "2 s in every 10 s", run: (context) => run(context, quick ? 3 : 30, 2000, 10_000) },
    { name: "8 s", run: (context) => run(context, 1, 8000, 12_000) },
  ],
};
