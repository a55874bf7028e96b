import { Game, startBulk } from "./lib/play.js";
import { LinkWatch } from "./lib/link-watch.js";
import {
  atLeast,
  atMost,
  noFaults,
  type Outcome,
  type RunContext,
  type Scenario,
  type Series,
} from "./lib/scenario.js";
import { World } from "./lib/world.js";

const ONE_WAY_MS = 25;
/** 2 Mbit/s, IP and UDP headers included. */
const LINK_BYTES_PER_SECOND = 250_000;
const IPV4_UDP_BYTES = 28;
const SECONDS = 60;
const QUICK_SECONDS = 15;
/** Start-up, left out of the windows. */
const WARM_UP_MS = 3000;
const WINDOW_MS = 5000;

async function run(context: RunContext): Promise<Outcome> {
  const seconds = context.quick ? QUICK_SECONDS : SECONDS;
  const world = new World(context, {
    link: {
      latencyMs: ONE_WAY_MS,
      bandwidthBytesPerSecond: LINK_BYTES_PER_SECOND,
      queueBytes: 64 * 1024,
      overheadBytes: IPV4_UDP_BYTES,
    },
  });
  await world.listen();
  const player = await world.join();
  const game = new Game(world, player);
  world.run(2000);
  const startMs = world.clock.now();
  const { downLink, toClient, toServer, peer } = player;
  const watch = new LinkWatch(world, downLink, {
    bulkBytes: () => toClient.bulk.receivedBytes,
    wireBytes: () => downLink.statistics.passedBytes,
    rttMs: () => peer.rttMs,
    bytesInFlight: () => peer.stats.endpoint.bytesInFlight,
    ...world.windowGauges(),
  });
  // All that the link can carry and not more, so that what was taken can also arrive.
  const bulk = startBulk(world, player, Math.floor((LINK_BYTES_PER_SECOND * seconds * 1.2) / 16_384) * 16_384);
  const gameDelays = toClient.restartDelays();
  world.run(seconds * 1000);
  watch.stop();
  const goodput = toClient.bulk.receivedBytes / (world.clock.now() - startMs) / (LINK_BYTES_PER_SECOND / 1000);
  const lossShare = downLink.statistics.queueFull / downLink.statistics.offered;
  const worst = slowestWindow(watch.series) / (LINK_BYTES_PER_SECOND / 1000);
  game.stop();
  world.runUntil(() => bulk.isDone && toClient.ordered.missing + toServer.ordered.missing === 0, 600_000, 100);
  const faults = [toClient.bulk, toClient.ordered, toServer.ordered].map((book) => book.orderedFaults());
  await world.end();
  return {
    checks: [
      atLeast("no collapse: bulk's goodput of the link", goodput, 0.75, "%"),
      atLeast("no collapse: goodput in the worst 5 s", worst, 0.5, "%"),
      atMost("queueing delay of the link, p95", watch.queueing.quantile(0.95), 100, "ms"),
      atMost("queueing delay of game traffic, p95", gameDelays.quantile(0.95) - ONE_WAY_MS, 100, "ms"),
      noFaults("nothing lost, doubled or out of order, no disconnect", [...world.faults, ...faults]),
    ],
    notes: {
      "lost at the queue, share": lossShare,
      "queue p99, ms": watch.queueing.quantile(0.99),
      "bytes resent": peer.stats.endpoint.retransmittedBytes,
    },
    series: watch.series,
  };
}

/** bytes/ms of bulk in the slowest window after the start-up. */
function slowestWindow(series: Series): number {
  const { atMs } = series;
  const bytes = series["bulkBytes"] as number[];
  let slowest = Infinity;
  let from = atMs.findIndex((time) => time >= WARM_UP_MS);
  for (let to = from; to < atMs.length; to++) {
    const elapsedMs = (atMs[to] as number) - (atMs[from] as number);
    if (elapsedMs < WINDOW_MS) continue;
    slowest = Math.min(slowest, ((bytes[to] as number) - (bytes[from] as number)) / elapsedMs);
    from += 1;
  }
  return slowest;
}

export const s05: Scenario = {
  id: "S5",
  title: "bulk on 2 Mbit/s with a 64 KiB buffer and game traffic beside it",
  engine: "client and server",
  conditions: "server to client, RTT 50 ms, 60 s; headers count; no collapse is read as the two shares of goodput",
  variants: () => [{ name: "", run }],
};
