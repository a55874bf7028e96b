import { DelayHistogram } from "./lib/delay-histogram.js";
import { Game, startBulk } from "./lib/play.js";
import { LinkWatch } from "./lib/link-watch.js";
import { atLeast, atMost, noFaults, type Outcome, type RunContext, type Scenario } from "./lib/scenario.js";
import { World } from "./lib/world.js";

const PEERS = 100;
const QUICK_PEERS = 8;
/** 50 Mbit/s for 100 peers, headers included. */
const BYTES_PER_SECOND_PER_PEER = 62_500;
const IPV4_UDP_BYTES = 28;
const SECONDS = 30;
const QUICK_SECONDS = 3;
/** ms. Nobody is judged before bulk flows have met. */
const WARM_UP_MS = 5000;
const QUICK_WARM_UP_MS = 2000;
const ONE_WAY_MS = 25;
/** ms. The bottleneck's buffer, full. */
const BUFFER_MS = 100;

async function run(context: RunContext, hasDifferentRtts: boolean): Promise<Outcome> {
  const peers = context.quick ? QUICK_PEERS : PEERS;
  const bytesPerSecond = peers * BYTES_PER_SECOND_PER_PEER;
  const world = new World(context, {
    link: { latencyMs: ONE_WAY_MS },
    serverUplink: { bandwidthBytesPerSecond: bytesPerSecond, overheadBytes: IPV4_UDP_BYTES },
  });
  await world.listen();
  for (let i = 0; i < peers; i++) {
    const player = await world.join();
    if (!hasDifferentRtts) continue;
    const latencyMs = mixedOneWayMs(i, peers);
    world.network.setLink("10.0.0.1", player.transport, { latencyMs });
    world.network.setLink(player.transport, "10.0.0.1", { latencyMs });
  }
  const uplink = world.serverUplink;
  const { players } = world;
  const games = players.map((player) => new Game(world, player));
  const bulkPlayers = players.filter((_player, index) => index % 2 === 1);
  for (const player of bulkPlayers) startBulk(world, player);
  world.run(context.quick ? QUICK_WARM_UP_MS : WARM_UP_MS);
  const bytesBefore = bulkPlayers.map((player) => player.toClient.bulk.receivedBytes);
  const { offered, queueFull } = { ...uplink.statistics };
  const sentBefore = players.map(({ toClient }) => ({ ...counts(toClient.unreliable) }));
  for (const { toClient } of players) toClient.restartDelays();
  const watch = new LinkWatch(world, uplink);
  world.run((context.quick ? QUICK_SECONDS : SECONDS) * 1000);
  watch.stop();
  const shares = bulkPlayers.map((player, i) => player.toClient.bulk.receivedBytes - (bytesBefore[i] as number));
  const loss = (uplink.statistics.queueFull - queueFull) / (uplink.statistics.offered - offered);
  const delivered = players.map(({ toClient }, i) => {
    const before = sentBefore[i] as { sent: number; received: number };
    return (toClient.unreliable.received - before.received) / (toClient.unreliable.sent - before.sent);
  });
  const queueing = new DelayHistogram();
  players.forEach(({ toClient }, i) => {
    const baseMs = hasDifferentRtts ? mixedOneWayMs(i, peers) : ONE_WAY_MS;
    queueing.add(toClient.unreliable.delays.quantile(0.99) - baseMs);
  });
  for (const game of games) game.stop();
  world.run(2000);
  const faults = players.flatMap(({ toClient, toServer }) => [
    toClient.ordered.orderedFaults(),
    toServer.ordered.orderedFaults(),
    toClient.unreliable.unreliableFaults(),
  ]);
  const rates = shares.map((bytes) => bytes / (context.quick ? QUICK_SECONDS : SECONDS));
  await world.end();
  return {
    checks: [
      atLeast("Jain fairness among bulk", jain(shares), 0.9, ""),
      atMost("loss at the bottleneck", loss, 0.03, "%"),
      atLeast("game traffic unharmed: delivered, worst peer", Math.min(...delivered), 0.97, "%"),
      atMost("game traffic unharmed: queueing delay p99, worst peer", queueing.maxMs, BUFFER_MS, "ms"),
      noFaults("nothing lost, doubled or out of order, no disconnect", [...world.faults, ...faults]),
    ],
    notes: {
      "bulk of the link": rates.reduce((sum, rate) => sum + rate, 0) / bytesPerSecond,
      "slowest and fastest bulk, kB/s": `${kilo(Math.min(...rates))} and ${kilo(Math.max(...rates))}`,
      "queue p50, ms": watch.queueing.quantile(0.5),
      "queue p99, ms": watch.queueing.quantile(0.99),
    },
    series: watch.series,
  };
}

/** ms. 10 to 60, bulk and others alike. */
function mixedOneWayMs(index: number, peers: number): number {
  return 10 + (50 * Math.floor(index / 2)) / (peers / 2);
}

function counts({ sent, received }: { sent: number; received: number }): { sent: number; received: number } {
  return { sent, received };
}

/** (sum x)^2 / (n sum x^2): 1 when all have the same (Jain, Chiu and Hawe, 1984). */
function jain(shares: readonly number[]): number {
  const sum = shares.reduce((total, share) => total + share, 0);
  const squares = shares.reduce((total, share) => total + share * share, 0);
  return squares === 0 ? 0 : (sum * sum) / (shares.length * squares);
}

function kilo(bytes: number): string {
  return (bytes / 1000).toFixed(1);
}

export const s09: Scenario = {
  id: "S9",
  title: "100 peers share a 50 Mbit/s bottleneck, half with bulk",
  engine: "client and server",
  conditions:
    "the server's uplink is the bottleneck, buffer 100 ms; all have game traffic; 30 s after 5 s of start-up; " +
    "unharmed is read as 97 % delivered and no more delay than the full buffer",
  variants: (quick) => [
    { name: "RTT 50 ms", run: (context) => run(context, false) },
    ...(quick ? [] : [{ name: "RTT 20 to 120 ms", run: (context: RunContext) => run(context, true) }]),
  ],
};
