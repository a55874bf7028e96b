import type { LinkOptions } from "@sortie/transport-memory";
import type { Player } from "./lib/player.js";
import { atMost, exactly, noFaults, type Outcome, type RunContext, type Scenario } from "./lib/scenario.js";
import { GameTraffic } from "./lib/traffic.js";
import { World } from "./lib/world.js";

const HANDSHAKES = 50;
const QUICK_HANDSHAKES = 10;
const ONE_WAY_MS = 25;
/** ms. Longer than a server keeps a half-open connection. */
const HALF_OPEN_MS = 11_000;

async function run(context: RunContext, faults: LinkOptions): Promise<Outcome> {
  const count = context.quick ? QUICK_HANDSHAKES : HANDSHAKES;
  const world = new World(context, { link: { latencyMs: ONE_WAY_MS, ...faults } });
  await world.listen();
  const times: number[] = [];
  const failures: string[] = [];
  for (let i = 0; i < count; i++) {
    const startMs = world.clock.now();
    try {
      const player = await world.join();
      times.push(world.clock.now() - startMs);
      failures.push(checkBothWays(world, player));
      // Each for itself: how long an idle connection lives on such a link is another question.
      await world.leave(player);
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }
  world.run(HALF_OPEN_MS);
  const { peersAccepted, peers, halfOpen } = world.server.stats;
  const sorted = times.toSorted((a, b) => a - b);
  await world.end();
  return {
    checks: [
      exactly(`connected of ${count}`, times.length, count),
      atMost("longest handshake", sorted.at(-1) ?? Infinity, 10_000, "ms"),
      exactly("connections of which only the server knows", peersAccepted - times.length, 0),
      exactly("peers and half-open connections left", `${peers} and ${halfOpen}`, "0 and 0"),
      noFaults("every connection carries messages both ways", [...world.faults, ...failures]),
    ],
    notes: { "median handshake, ms": sorted[Math.floor(sorted.length / 2)] ?? NaN },
  };
}

/** What both sides take for connected carries messages both ways; "" when it does. */
function checkBothWays(world: World, { client, peer, toServer, toClient }: Player): string {
  new GameTraffic(client, toServer, { isOrderedOnly: true }).tick(world.clock.now());
  new GameTraffic(peer, toClient, { isOrderedOnly: true }).tick(world.clock.now());
  const came = (): boolean => toServer.ordered.missing + toClient.ordered.missing === 0;
  return world.runUntil(came, 10_000) ? "" : "a connection without messages";
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
