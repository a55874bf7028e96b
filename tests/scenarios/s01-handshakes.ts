import type { LinkSpec } from "@sortie/transport-memory";
import { atMost, exactly, noFaults, type Outcome, type RunContext, type Scenario } from "./lib/scenario.js";
import { GameTraffic } from "./lib/traffic.js";
import { World } from "./lib/world.js";

const HANDSHAKES = 50;
const QUICK_HANDSHAKES = 10;
const ONE_WAY_MS = 25;
/** ms. Longer than a server keeps a half-open connection. */
const HALF_OPEN_MS = 11_000;

async function run(context: RunContext, faults: LinkSpec): Promise<Outcome> {
  const count = context.quick ? QUICK_HANDSHAKES : HANDSHAKES;
  const world = new World(context, { link: { latencyMs: ONE_WAY_MS, ...(faults as object) } });
  await world.listen();
  const times: number[] = [];
  const failures: string[] = [];
  for (let i = 0; i < count; i++) {
    const startMs = world.clock.now();
    try {
      await world.join();
      times.push(world.clock.now() - startMs);
    } catch (error) {
      failures.push(String(error));
    }
  }
  // No half connection: what both sides take for connected carries messages both ways.
  for (const { client, peer, toServer, toClient } of world.players) {
    new GameTraffic(client, toServer, { isOrderedOnly: true }).tick(world.clock.now());
    new GameTraffic(peer, toClient, { isOrderedOnly: true }).tick(world.clock.now());
  }
  world.run(HALF_OPEN_MS);
  const dumb = world.players.flatMap(({ toServer, toClient }) => [
    toServer.ordered.orderedFaults(),
    toClient.ordered.orderedFaults(),
  ]);
  const { peers, halfOpen } = world.server.stats;
  const sorted = times.toSorted((a, b) => a - b);
  await world.end();
  return {
    checks: [
      exactly(`connected of ${count}`, times.length, count),
      atMost("longest handshake", sorted.at(-1) ?? Infinity, 10_000, "ms"),
      exactly("peers and half-open connections of the server", `${peers} and ${halfOpen}`, `${count} and 0`),
      noFaults("every connection carries messages both ways", [...world.faults, ...failures, ...dumb]),
    ],
    notes: { "median handshake, ms": sorted[Math.floor(sorted.length / 2)] ?? NaN },
  };
}

export const s01: Scenario = {
  id: "S1",
  title: "50 handshakes at 30 % loss in bursts of 3, and again with 30 % corruption",
  engine: "client and server",
  conditions: "RTT 50 ms, one after the other",
  variants: () => [
    { name: "30 % loss", run: (context) => run(context, { loss: 0.3, burst: 3 }) },
    { name: "30 % corrupted", run: (context) => run(context, { corrupt: 0.3 }) },
  ],
};
