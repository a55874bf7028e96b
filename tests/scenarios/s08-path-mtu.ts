import type { LinkOptions } from "@sortie/transport-memory";
import { Game, startBulk } from "./lib/play.js";
import { atLeast, atMost, type Check, noFaults, type Outcome, type RunContext, type Scenario } from "./lib/scenario.js";
import { World } from "./lib/world.js";

const ONE_WAY_MS = 25;
const RTT_MS: number = 2 * ONE_WAY_MS;
const IPV4_UDP_BYTES = 28;
/** 10 Mbit/s. */
const LINK_BYTES_PER_SECOND = 1_250_000;
const BULK_BYTES: number = 4 * 1024 * 1024;
const QUICK_BULK_BYTES: number = 1024 * 1024;
const SERVER_HOST = "10.0.0.1";

interface Case {
  readonly mtu: number;
  /** The path's MTU after 2 s. */
  readonly later?: number;
  /** bytes of UDP payload that must be reached within 20 round trips. */
  readonly reach?: number;
  /** Datagrams above 1200 bytes that are lost at the start, whatever they are. */
  readonly lostProbes?: number;
}

function linkOf(mtu: number): LinkOptions {
  return {
    latencyMs: ONE_WAY_MS,
    bandwidthBytesPerSecond: LINK_BYTES_PER_SECOND,
    mtu,
    overheadBytes: IPV4_UDP_BYTES,
  };
}

async function run(context: RunContext, { mtu, later, reach, lostProbes = 0 }: Case): Promise<Outcome> {
  const world = new World(context, { link: linkOf(mtu) });
  await world.listen();
  const player = await world.join();
  const startMs = world.clock.now();
  const { toClient, toServer } = player;
  let probesToLose = lostProbes;
  world.network.setFilter((datagram) => datagram.length <= 1200 || probesToLose-- <= 0);
  let largestBytes = 0;
  let reachedAtMs = Infinity;
  world.network.tap((datagram, from, _to, verdict, nowMs) => {
    if (verdict !== "delivered" || from.host !== SERVER_HOST) return;
    largestBytes = Math.max(largestBytes, datagram.length);
    if (reach !== undefined && datagram.length >= reach) reachedAtMs = Math.min(reachedAtMs, nowMs);
  });
  const game = new Game(world, player);
  const bulkBytes = context.quick ? QUICK_BULK_BYTES : BULK_BYTES;
  const bulk = startBulk(world, player, bulkBytes);
  world.run(2000);
  const checks: Check[] = [];
  if (reach !== undefined && lostProbes === 0) {
    const roundTrips = (reachedAtMs - startMs) / RTT_MS;
    checks.push(atMost(`round trips until ${reach} bytes`, roundTrips, 20, ""));
  }
  let recoveryMs = 0;
  if (later !== undefined) {
    world.network.setDefaultLink(linkOf(later));
    const droppedAtMs = world.clock.now();
    // What was sent before the drop still comes.
    world.run(RTT_MS);
    const before = toClient.bulk.received;
    world.runUntil(() => toClient.bulk.received > before || bulk.isDone, 60_000, 5);
    recoveryMs = world.clock.now() - droppedAtMs;
    checks.push(atMost("bulk goes on after the drop", recoveryMs, 3000, "ms"));
  }
  const isDone = world.runUntil(() => bulk.isDone, 120_000, 50);
  checks.push(atLeast("bulk delivered", toClient.bulk.receivedBytes / bulkBytes, 1, "%"));
  game.stop();
  world.runUntil(() => toClient.ordered.missing + toServer.ordered.missing === 0, 10_000);
  const faults = [toClient.ordered, toServer.ordered, toClient.bulk].map((book) => book.orderedFaults());
  await world.end();
  checks.push(noFaults("nothing lost, no disconnect", [...world.faults, ...faults, isDone ? "" : "wedged"]));
  return { checks, notes: { "largest datagram, bytes": largestBytes, "too big for the path": tooBig(world) } };
}

function tooBig(world: World): number {
  return world.network.stats.dropped["too-big"];
}

export const s08: Scenario = {
  id: "S8",
  title: "path MTU 1280, 1400, 1500; a drop from 1500 to 1280; probes lost",
  engine: "client and server",
  conditions:
    "IP packets over 10 Mbit/s, RTT 50 ms, 4 MiB of bulk towards the client and game traffic; default options",
  variants: () => [
    { name: "1280", run: (context) => run(context, { mtu: 1280 }) },
    { name: "1400", run: (context) => run(context, { mtu: 1400 }) },
    { name: "1500", run: (context) => run(context, { mtu: 1500, reach: 1400 }) },
    { name: "1500 to 1280 after 2 s", run: (context) => run(context, { mtu: 1500, later: 1280 }) },
    { name: "1500, the first 6 probes lost", run: (context) => run(context, { mtu: 1500, lostProbes: 6 }) },
  ],
};
