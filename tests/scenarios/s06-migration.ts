import { Game } from "./lib/play.js";
import { atMost, noFaults, type Outcome, type RunContext, type Scenario } from "./lib/scenario.js";
import { World } from "./lib/world.js";

const ONE_WAY_MS = 30;
const TICK_MS: number = 1000 / 60;
const FIRST_CHANGE_MS = 1000;
const EVERY_MS = 5000;
const CHANGES = 24;
const QUICK_CHANGES = 4;

async function run(context: RunContext, nextHost: (change: number) => string | undefined): Promise<Outcome> {
  const world = new World(context, { link: { latencyMs: ONE_WAY_MS } });
  await world.listen();
  const player = await world.join();
  const { transport, toClient, toServer, peer } = player;
  const game = new Game(world, player);
  world.run(FIRST_CHANGE_MS);
  const changes = context.quick ? QUICK_CHANGES : CHANGES;
  for (let change = 0; change < changes; change++) {
    await world.clock.runUntilSettled(transport.rebind(nextHost(change)));
    world.run(EVERY_MS);
  }
  const gapToClientMs = toClient.unreliable.longestGapMs;
  const gapToServerMs = toServer.unreliable.longestGapMs;
  game.stop();
  world.runUntil(() => toClient.ordered.missing + toServer.ordered.missing === 0, 5000);
  const faults = [toClient.ordered, toServer.ordered].map((book) => book.orderedFaults());
  const { migrations } = peer.stats;
  await world.end();
  const limitMs = 2 * ONE_WAY_MS + TICK_MS;
  return {
    checks: [
      noFaults("no disconnect, no reliable message lost", [...world.faults, ...faults]),
      atMost("gap in unreliable towards the client", Math.max(0, gapToClientMs - TICK_MS), limitMs, "ms"),
      atMost("gap in unreliable towards the server", Math.max(0, gapToServerMs - TICK_MS), limitMs, "ms"),
    ],
    notes: {
      "changes of the address": changes,
      "validated by the server": migrations,
      "between two arrivals at the client, at most, ms": gapToClientMs,
      "between two arrivals at the server, at most, ms": gapToServerMs,
    },
  };
}

export const s06: Scenario = {
  id: "S6",
  title: "the client's address changes after 1 s and then every 5 s under game traffic",
  engine: "client and server",
  conditions:
    "RTT 60 ms; the client is not told, as with a NAT that forgets, and speaks at its ticks; a gap is what lies " +
    "between two arrivals beyond the tick that always does",
  variants: (quick) => [
    ...(quick ? [] : [{ name: "new port", run: (context: RunContext) => run(context, () => undefined) }]),
    { name: "new address", run: (context) => run(context, (change) => `192.0.2.${change + 1}`) },
    {
      name: "IPv4 to IPv6 and back",
      run: (context) => run(context, (change) => (change % 2 === 0 ? `2001:db8::${change + 1}` : `192.0.2.${change}`)),
    },
  ],
};
