import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type DatagramTransport, SocketAddress } from "@sortie/transport";
import { afterAll, describe, expect, it } from "vitest";
import { createMmsgTransport } from "../src/index.js";
import { NativeMemory } from "../src/native-memory.js";
import { Inbox, isAvailable } from "./support.js";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as (options?: { readonly type: "minor" }) => void;

const MINOR = { type: "minor" } as const;

const SEED = 42;
/** ms. Collections are slow where the machine has other work. */
const PATIENCE_MS = 60_000;
/** Batches that are sent, in rounds of those that a pool has. */
const ROUNDS = 150;
const BATCHES = 8;
const DATAGRAMS = 16;

const opened: DatagramTransport[] = [];
afterAll(() => Promise.all(opened.map((transport) => transport.close())));

/** A small generator with a seed (xorshift32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

describe.runIf(isAvailable)("the collector", () => {
  it(
    `T37: 1200 batches, 19,200 datagrams, with a collection for each, arrive as they were (seed ${SEED})`,
    async () => {
      const [a, b] = [createMmsgTransport({ host: "127.0.0.1" }), createMmsgTransport({ host: "127.0.0.1" })];
      opened.push(a, b);
      await a.open(new Inbox());
      const next = random(SEED);
      let received = 0;
      let damaged = 0;
      let misattributed = 0;
      let resolveRound: () => void = () => undefined;
      const target = await b.open({
        onDatagram: (payload, from) => {
          received++;
          // Each byte follows from the first four, which are the datagram's own random number.
          const stamp = new DataView(payload.buffer, payload.byteOffset).getUint32(0);
          const fill = random(stamp | 1);
          for (let i = 4; i < payload.length; i++) if (payload[i] !== (fill() & 255)) damaged++;
          if (!from.equals(a.localAddress!)) misattributed++;
        },
        onBatchEnd: () => {
          collect(MINOR);
          if (received % (BATCHES * DATAGRAMS) === 0) resolveRound();
        },
        onError: (error) => expect.unreachable(error.message),
        onWritable: () => undefined,
      });
      const to = SocketAddress.parse("127.0.0.1", target.port);
      for (let round = 0; round < ROUNDS; round++) {
        if (round % 10 === 0) collect();
        const arrived = new Promise<void>((resolve) => (resolveRound = resolve));
        for (let i = 0; i < BATCHES; i++) {
          const batch = a.acquireBatch()!;
          for (let n = 0; n < DATAGRAMS; n++) {
            const stamp = next();
            const length = 4 + (next() % 200);
            const at = batch.reserve();
            new DataView(batch.buffer.buffer, at).setUint32(0, stamp);
            const fill = random(stamp | 1);
            for (let k = 4; k < length; k++) batch.buffer[at + k] = fill() & 255;
            batch.commit(length, to);
          }
          collect(MINOR);
          a.send(batch);
        }
        await arrived;
      }
      const total = ROUNDS * BATCHES * DATAGRAMS;
      expect({ received, damaged, misattributed }).toEqual({ received: total, damaged: 0, misattributed: 0 });
      expect(a.statistics).toMatchObject({ datagramsSent: total, sendErrors: 0 });
      expect(b.statistics).toMatchObject({ datagramsReceived: total, receiveErrors: 0, truncated: 0 });
    },
    PATIENCE_MS,
  );

  it("memory outlives its owner as long as there is a view, and is freed after that", async () => {
    const freed: bigint[] = [];
    let pointers = 1n;
    const allocator = {
      alloc: () => pointers++,
      free: (pointer: bigint) => void freed.push(pointer),
      address: (pointer: bigint | Uint8Array) => pointer as bigint,
      view: (_pointer: bigint, bytes: number) => new ArrayBuffer(bytes),
    };
    const views: Uint32Array[] = [];
    for (let i = 0; i < 100; i++) {
      const memory = new NativeMemory(allocator, 64);
      if (i % 10 === 0) views.push(memory.words(0, 4));
    }
    for (let turn = 0; freed.length < 80 && turn < 50; turn++) {
      collect();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(freed.length).toBeGreaterThanOrEqual(80);
    const held = views.map((_, i) => BigInt(i * 10 + 1));
    expect(freed.filter((pointer) => held.includes(pointer))).toEqual([]);
  });

  it("an address beyond 2^53 is refused, and its memory freed", () => {
    const freed: bigint[] = [];
    const allocator = {
      alloc: () => 2n ** 56n,
      free: (pointer: bigint) => void freed.push(pointer),
      address: (pointer: bigint | Uint8Array) => pointer as bigint,
      view: () => expect.unreachable(),
    };
    expect(() => new NativeMemory(allocator, 64)).toThrow('"address" expected less than 2^53');
    expect(freed).toEqual([2n ** 56n]);
  });
});
