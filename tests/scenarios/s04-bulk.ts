import { Game, startBulk } from "./lib/play.js";
import { LinkWatch } from "./lib/link-watch.js";
import { atLeast, atMost, noFaults, type Outcome, type RunContext, type Scenario } from "./lib/scenario.js";
import { World } from "./lib/world.js";

const ONE_WAY_MS = 50;
/** 10 Mbit/s, IP and UDP headers included. */
const LINK_BYTES_PER_SECOND = 1_250_000;
const IPV4_UDP_BYTES = 28;
const BULK_BYTES: number = 8 * 1024 * 1024;
const MAX_SECONDS = 300;

async function run(context: RunContext, loss: number, minGoodput: number): Promise<Outcome> {
  const link = {
    latencyMs: ONE_WAY_MS,
    loss,
    bandwidthBytesPerSecond: LINK_BYTES_PER_SECOND,
    overheadBytes: IPV4_UDP_BYTES,
  };
  const world = new World(context, { link });
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
  const bulk = startBulk(world, player, BULK_BYTES);
  const before = toClient.unreliable.delays;
  const gameDelays = toClient.restartDelays();
  world.runUntil(() => bulk.isDone, MAX_SECONDS * 1000);
  watch.stop();
  game.stop();
  const elapsedSeconds = (toClient.bulk.lastReceivedAtMs - startMs) / 1000;
  const goodput = toClient.bulk.receivedBytes / elapsedSeconds / LINK_BYTES_PER_SECOND;
  const queueingP99Ms = gameDelays.quantile(0.99) - ONE_WAY_MS;
  world.runUntil(() => toClient.ordered.missing + toServer.ordered.missing === 0, 5000);
  const faults = [toClient.bulk, toClient.ordered, toServer.ordered].map((book) => book.orderedFaults());
  const { endpoint } = peer.stats;
  await world.end();
  return {
    checks: [
      atLeast("goodput of the link", goodput, minGoodput, "%"),
      atMost("queueing delay of game traffic, p99", queueingP99Ms, 40, "ms"),
      noFaults("nothing lost, doubled or out of order, no disconnect", [...world.faults, ...faults]),
    ],
    notes: {
      "seconds for 8 MiB": elapsedSeconds,
      "queue of the link p99, ms": watch.queueing.quantile(0.99),
      "game traffic before, p99, ms": before.quantile(0.99) - ONE_WAY_MS,
      "lost at the queue": downLink.statistics.queueFull,
      "spurious losses": endpoint.spuriousLosses,
      "bytes resent": endpoint.retransmittedBytes,
    },
    series: watch.series,
  };
}

export const s04: Scenario = {
  id: "S4",
  title: "bulk 8 MiB ordered on a 10 Mbit/s link, RTT 100 ms, game traffic beside it",
  engine: "client and server",
  conditions:
    "server to client; the link counts 28 bytes of IP and UDP headers for each datagram and has a buffer of 100 ms; " +
    "goodput is payload from the first send to the last delivery; the delay is that of unreliable messages while " +
    "the bulk runs, less 50 ms",
  variants: (quick) => [
    { name: "no loss", run: (context) => run(context, 0, 0.9) },
    ...(quick ? [] : [{ name: "2 % random loss", run: (context: RunContext) => run(context, 0.02, 0.75) }]),
  ],
};
