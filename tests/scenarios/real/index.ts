import { atLeast, atMost, exactly, noFaults, type Outcome, type RunContext, type Scenario } from "../lib/scenario.js";
import { BulkTraffic, GameTraffic, Ticker } from "../lib/traffic.js";
import { type RealPlayer, RealWorld } from "./real-world.js";

const HANDSHAKES = 10;
const GAME_SECONDS = 20;
const QUICK_GAME_SECONDS = 3;
/** Players of a game: of 24,000 messages each way the share lost is within 0.5 % of 20 %, 19 times of 20. */
const PLAYERS = 20;
const QUICK_PLAYERS = 2;
const BULK_BYTES: number = 8 * 1024 * 1024;
const QUICK_BULK_BYTES: number = 512 * 1024;
/** 10 Mbit/s, headers included. */
const LINK_BYTES_PER_SECOND = 1_250_000;
const ONE_WAY_MS = 50;

function playGame(world: RealWorld, { client, peer, toClient, toServer }: RealPlayer): { stop(): void } {
  const down = new GameTraffic(peer, toClient);
  const up = new GameTraffic(client, toServer);
  let isStopped = false;
  world.onServerTick((nowMs) => {
    if (!isStopped) down.tick(nowMs);
  });
  const ticker = new Ticker(world.clock, world.clock.now(), (nowMs) => up.tick(nowMs));
  return {
    stop: () => {
      isStopped = true;
      ticker.stop();
    },
  };
}

async function handshakes(context: RunContext, link: string): Promise<Outcome> {
  const world = await RealWorld.start(context, `latencyMs=25,${link}`);
  const failures: string[] = [];
  const times: number[] = [];
  await Promise.all(
    Array.from({ length: HANDSHAKES }, async () => {
      const startMs = world.clock.now();
      try {
        await world.join();
        times.push(world.clock.now() - startMs);
      } catch (error) {
        failures.push(String(error));
      }
    }),
  );
  const { peers } = world.server.stats;
  await world.end();
  return {
    checks: [
      exactly(`connected of ${HANDSHAKES}`, times.length, HANDSHAKES),
      atMost("longest handshake", Math.max(...times), 10_000, "ms"),
      exactly("peers of the server", peers, HANDSHAKES),
      noFaults("no fault", [...world.faults, ...failures]),
    ],
  };
}

async function game(context: RunContext, loss: number): Promise<Outcome> {
  const link = `latencyMs=50,jitterMs=10,loss=${loss},reorder=0.3,duplicate=0.1`;
  const world = await RealWorld.start(context, link);
  for (let i = 0; i < (context.quick ? QUICK_PLAYERS : PLAYERS); i++) await world.join();
  const { players } = world;
  const games = players.map((player) => playGame(world, player));
  await world.run((context.quick ? QUICK_GAME_SECONDS : GAME_SECONDS) * 1000);
  for (const each of games) each.stop();
  const isWhole = (): boolean =>
    players.every(({ toClient, toServer }) => toClient.ordered.missing + toServer.ordered.missing === 0);
  await world.until(isWhole, 5000);
  // What is under way is not lost.
  await world.run(500);
  const { toTarget, toClient: toClients } = await world.end();
  // The proxy's loss is that of all datagrams, ACKs as well: the messages are a sample of it.
  const lost = (counted: typeof toTarget): number => counted.lost / counted.offered;
  const shortfall = Math.max(
    1 - lost(toTarget) - deliveredShare(players.map(({ toServer }) => toServer.unreliable)),
    1 - lost(toClients) - deliveredShare(players.map(({ toClient }) => toClient.unreliable)),
  );
  const faults = players.flatMap(({ toClient, toServer }) => [
    toClient.ordered.orderedFaults(),
    toServer.ordered.orderedFaults(),
    toClient.unreliable.unreliableFaults(),
    toServer.unreliable.unreliableFaults(),
  ]);
  return {
    checks: [
      noFaults("ordered exactly once and in order, unreliable never twice", [...world.faults, ...faults]),
      atMost("unreliable delivered below 1 - loss", Math.max(0, shortfall), context.quick ? 0.05 : 0.005, "%"),
    ],
    notes: { "ordered p99 of the first player, ms": players[0]?.toClient.ordered.delays.quantile(0.99) ?? NaN },
  };
}

function deliveredShare(books: readonly { readonly sent: number; readonly received: number }[]): number {
  const sent = books.reduce((sum, book) => sum + book.sent, 0);
  return books.reduce((sum, book) => sum + book.received, 0) / sent;
}

async function bulk(context: RunContext, loss: number, minGoodput: number): Promise<Outcome> {
  const link = `latencyMs=${ONE_WAY_MS},loss=${loss},bandwidthBytesPerSecond=${LINK_BYTES_PER_SECOND},overheadBytes=28`;
  const world = await RealWorld.start(context, link);
  const player = await world.join();
  const { toClient, toServer, peer } = player;
  const traffic = playGame(world, player);
  await world.run(1000);
  const startMs = world.clock.now();
  const source = new BulkTraffic(peer, toClient, context.quick ? QUICK_BULK_BYTES : BULK_BYTES);
  world.onServerTick((nowMs) => source.tick(nowMs));
  const gameDelays = toClient.restartDelays();
  await world.until(() => source.isDone, 60_000);
  const seconds = (toClient.bulk.lastReceivedAtMs - startMs) / 1000;
  const goodput = toClient.bulk.receivedBytes / seconds / LINK_BYTES_PER_SECOND;
  traffic.stop();
  await world.until(() => toClient.ordered.missing + toServer.ordered.missing === 0, 5000);
  const counted = await world.end();
  const faults = [toClient.bulk, toClient.ordered, toServer.ordered].map((book) => book.orderedFaults());
  return {
    checks: [
      atLeast("goodput of the link", goodput, minGoodput, "%"),
      atMost("queueing delay of game traffic, p99", gameDelays.quantile(0.99) - ONE_WAY_MS, 40, "ms"),
      noFaults("nothing lost, doubled or out of order, no disconnect", [...world.faults, ...faults]),
    ],
    notes: { seconds, "lost at the queue": counted.toClient.queueFull },
  };
}

/** The scenarios that also run over real sockets. Timers and the machine's load are in their figures. */
export const REAL_SCENARIOS: readonly Scenario[] = [
  {
    id: "S1",
    title: "10 handshakes at once",
    engine: "real UDP",
    conditions: "10 handshakes at a time, RTT 50 ms",
    variants: () => [
      { name: "30 % loss", run: (context) => handshakes(context, "loss=0.3,burst=3") },
      { name: "30 % corrupted", run: (context) => handshakes(context, "corrupt=0.3") },
    ],
  },
  {
    id: "S2",
    title: "game traffic",
    engine: "real UDP",
    conditions: "20 players, 20 s each, one-way 50 ms, jitter 10 ms, 30 % reordered, 10 % doubled",
    variants: () =>
      [0, 0.05, 0.2].map((loss) => ({ name: `${loss * 100} % loss`, run: (context) => game(context, loss) })),
  },
  {
    id: "S4",
    title: "bulk beside game traffic",
    engine: "real UDP",
    conditions: "8 MiB on 10 Mbit/s, RTT 100 ms",
    variants: () => [
      { name: "no loss", run: (context) => bulk(context, 0, 0.9) },
      { name: "2 % random loss", run: (context) => bulk(context, 0.02, 0.75) },
    ],
  },
];
