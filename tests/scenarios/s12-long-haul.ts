import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Connection } from "@sortie/connection";
import { ConnectionPair } from "@sortie/testkit";
import { connectionController } from "./lib/controllers.js";
import { FlowBooks } from "./lib/flow-books.js";
import { atLeast, atMost, noFaults, type Outcome, type RunContext, type Scenario } from "./lib/scenario.js";
import { createSeededNodeCrypto } from "./lib/seeded-node-crypto.js";
import { GameTraffic } from "./lib/traffic.js";

const HOURS = 24;
/** 60 s. */
const QUICK_HOURS = 1 / 60;
const TICK_MS: number = 1000 / 60;
const TICKS_PER_HOUR = 60 * 3600;
const LINK = { latencyMs: 30, jitterMs: 10, loss: 0.01, reorder: 0.04, duplicate: 0.01 };
/** A packet carries 32 bits of its number: they wrap half an hour in. In the short version after half a minute. */
const PACKET_NUMBER_WRAP: number = 2 ** 32;
const PACKETS_BEFORE_WRAP = 120_000;
const QUICK_PACKETS_BEFORE_WRAP = 2000;
/** Message IDs have 16 bits: they wrap every 18 min of unreliable traffic, and of ordered once. */
const INITIAL_MESSAGE_ID: number = 2 ** 16 - 300;
/** Packets of one key: some 45 min. By default it would be 18 h. */
const UPDATE_AFTER_PACKETS = 200_000;
const QUICK_UPDATE_AFTER_PACKETS = 1500;
/** Share by which the heap may grow between the second sample and the last. */
const MAX_HEAP_GROWTH = 0.05;
/** bytes. Growth below this is noise of the collector. */
const HEAP_NOISE_BYTES: number = 2 * 1024 * 1024;
const HEAP_SAMPLES = 24;
const QUICK_HEAP_SAMPLES = 3;

/** The clock of one side as game traffic sees it. */
function senderOf(connection: Connection, pair: ConnectionPair) {
  return {
    send: (payload: Uint8Array, options: Parameters<Connection["send"]>[1]) =>
      connection.send(payload, options, pair.nowMs),
  };
}

async function run(context: RunContext): Promise<Outcome> {
  const { seed, quick, controller } = context;
  const toServer = new FlowBooks();
  const toClient = new FlowBooks();
  const pair = new ConnectionPair({
    seed,
    link: LINK,
    crypto: createSeededNodeCrypto(seed),
    settings: connectionController(controller),
    initialPacketNumber: PACKET_NUMBER_WRAP - (quick ? QUICK_PACKETS_BEFORE_WRAP : PACKETS_BEFORE_WRAP),
    initialMessageId: INITIAL_MESSAGE_ID,
    keyLimits: { updateAfterPackets: quick ? QUICK_UPDATE_AFTER_PACKETS : UPDATE_AFTER_PACKETS },
  });
  const faults: string[] = [];
  if (!pair.runUntil(() => isUp(pair), 10_000)) throw new Error("the pair did not connect");
  const up = new GameTraffic(senderOf(pair.client, pair), toServer);
  const down = new GameTraffic(senderOf(pair.server, pair), toClient);
  const ticks = Math.round(TICKS_PER_HOUR * (quick ? QUICK_HOURS : HOURS));
  const sampleEvery = Math.ceil(ticks / (quick ? QUICK_HEAP_SAMPLES : HEAP_SAMPLES));
  const heapBytes: number[] = [];
  const startedAt = performance.now();
  for (let tick = 0; tick < ticks; tick++) {
    up.tick(pair.nowMs);
    down.tick(pair.nowMs);
    pair.run(TICK_MS);
    drain(pair.server, toServer, pair.nowMs, faults);
    drain(pair.client, toClient, pair.nowMs, faults);
    if (tick % sampleEvery === sampleEvery - 1) heapBytes.push(heapAfterCollection());
  }
  const speed = ((ticks * TICK_MS) / (performance.now() - startedAt)) | 0;
  pair.run(10_000);
  drain(pair.server, toServer, pair.nowMs, faults);
  drain(pair.client, toClient, pair.nowMs, faults);
  const client = pair.client.statistics(pair.nowMs);
  const server = pair.server.statistics(pair.nowMs);
  for (const { state } of [pair.client, pair.server])
    if (state !== "connected") faults.push(`a connection is ${state}`);
  const lossOf = ({ lost, offered }: { lost: number; offered: number }): number => lost / offered;
  const shortfall = Math.max(
    1 - lossOf(pair.toServer.statistics) - toServer.unreliable.delivered,
    1 - lossOf(pair.toClient.statistics) - toClient.unreliable.delivered,
  );
  const keyUpdates = Math.max(client.keyUpdates, server.keyUpdates);
  const packets = Math.min(client.packetsSent, server.packetsSent);
  const wraps = packets / (quick ? QUICK_PACKETS_BEFORE_WRAP : PACKETS_BEFORE_WRAP);
  return {
    checks: [
      noFaults("ordered exactly once and in order, unreliable never twice, no disconnect", [
        ...faults,
        toClient.ordered.orderedFaults(),
        toServer.ordered.orderedFaults(),
        toClient.unreliable.unreliableFaults(),
        toServer.unreliable.unreliableFaults(),
      ]),
      atMost("unreliable delivered below 1 - loss", Math.max(0, shortfall), 0.005, "%"),
      atLeast("key updates", keyUpdates, 1, ""),
      atLeast("packets before and after the wrap of 2^32, over those before", wraps, 1.2, "times"),
      atMost("growth of the heap", growth(heapBytes), MAX_HEAP_GROWTH, "%"),
    ],
    notes: {
      "packets each way": packets,
      "unreliable messages each way": toServer.unreliable.sent,
      "key updates": keyUpdates,
      "heap after collection, MB": (heapBytes.at(-1) ?? 0) / 1e6,
      "virtual seconds a second": speed,
    },
  };
}

function isUp({ client, server }: ConnectionPair): boolean {
  return client.state === "connected" && server.state === "connected";
}

function drain(connection: Connection, books: FlowBooks, nowMs: number, faults: string[]): void {
  for (let event = connection.pollEvent(); event !== undefined; event = connection.pollEvent()) {
    if (event.type === "closed") faults.push(`disconnected: ${event.reason.code}`);
  }
  for (let message = connection.pollMessage(); message !== undefined; message = connection.pollMessage()) {
    books.receive(message.channel, message.payload, nowMs);
  }
}

function heapAfterCollection(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  return process.memoryUsage().heapUsed;
}

/** From the second sample, when everything that grows once has grown, to the last. */
function growth(samples: readonly number[]): number {
  const first = samples[1] ?? NaN;
  const grownBytes = (samples.at(-1) ?? NaN) - first;
  return grownBytes < HEAP_NOISE_BYTES
    ? Math.max(0, Math.min(grownBytes / first, MAX_HEAP_GROWTH))
    : grownBytes / first;
}

export const s12: Scenario = {
  id: "S12",
  title: "24 h of game traffic with key updates, all counters crossing their wraps",
  engine: "connection pair",
  conditions:
    "one-way 30 ms, jitter 10 ms, 1 % loss, 4 % reordered, 1 % doubled; the 32 bits of packet numbers wrap after " +
    "half an hour, message IDs again and again; a key lasts 200,000 packets",
  variants: () => [{ name: "", run }],
};
