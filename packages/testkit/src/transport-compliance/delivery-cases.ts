import { check, checkEqual } from "./check.js";
import type { CaseBody, Endpoint, Harness } from "./harness.js";
import { type Outgoing, pattern } from "./outgoing.js";

/** bytes. Empty, one byte, the smallest and the largest path MTU of Sortie (docs/PROTOCOL.md section 2). */
const SIZES = [0, 1, 2, 1199, 1200, 1201, 1451, 1452];

/** What arrives, from where, and whose bytes it is. */
export const DELIVERY_CASES: Readonly<Record<string, CaseBody>> = {
  "one datagram arrives once, unchanged, from its sender's address": (h) =>
    h.eachPair(async (a, b) => {
      const payload = pattern(33, 1);
      await h.send(a, [[payload, b.address]]);
      await h.drain(a, b);
      checkEqual("datagrams and the marker", b.receiver.count, 2);
      const { payload: received, from } = b.receiver.datagrams[0]!;
      checkEqual("payload", hex(received), hex(payload));
      check(from.equals(a.address), `source: expected ${a.address}, got ${from}`);
      checkEqual("payloads that are not plain Uint8Arrays", b.receiver.foreignPayloads, 0);
    }),

  "an answer to the source address comes back": (h) =>
    h.eachPair(async (a, b) => {
      await h.send(a, [[pattern(5, 1), b.address]]);
      await h.until("the question", () => b.receiver.count === 1);
      await h.send(b, [[pattern(6, 2), b.receiver.datagrams[0]!.from]]);
      await h.until("the answer", () => a.receiver.count === 1);
      checkEqual("answer", hex(a.receiver.datagrams[0]!.payload), hex(pattern(6, 2)));
      check(a.receiver.datagrams[0]!.from.equals(b.address), "expected the answer from the address that was asked");
    }),

  "every size arrives as it was sent, the empty one too": (h) =>
    h.eachPair(async (a, b) => {
      await h.send(
        a,
        SIZES.map((size, i) => [pattern(size, i), b.address]),
      );
      await h.until(`${SIZES.length} datagrams`, () => b.receiver.count === SIZES.length);
      checkSamePayloads(
        b,
        SIZES.map((size, i) => pattern(size, i)),
      );
    }),

  "what is larger than a slot is refused when committed": (h) =>
    h.eachPair(async (a, b) => {
      const batch = await h.acquire(a.transport);
      check(batch.slotBytes >= 1452, `slotBytes: expected at least 1452, got ${batch.slotBytes}`);
      let refused = false;
      try {
        batch.commit(batch.slotBytes + 1, b.address);
      } catch (error) {
        refused = error instanceof RangeError;
      }
      check(refused, "expected a RangeError");
      checkEqual("count", batch.count, 0);
      batch.release();
    }),

  "a full batch to several peers gives each its own": async (h) => {
    const [a, ...others] = [await h.open(), await h.open(), await h.open(), await h.open()] as const;
    const capacity = await capacityOf(h, a);
    const outgoing: Outgoing[] = [];
    for (let i = 0; i < capacity; i++) outgoing.push([pattern(100 + i, i), others[i % 3]!.address]);
    await h.send(a, outgoing);
    await h.until(`${capacity} datagrams`, () => others.reduce((sum, o) => sum + o.receiver.count, 0) === capacity);
    others.forEach((other, at) => {
      const mine = outgoing.filter((_, i) => i % 3 === at).map(([payload]) => payload);
      checkSamePayloads(other, mine);
      check(
        other.receiver.datagrams.every(({ from }) => from.equals(a.address)),
        "expected one source address",
      );
    });
  },

  "many peers to one: each datagram with its own source": async (h) => {
    const target = await h.open();
    const senders: Endpoint[] = [];
    for (let i = 0; i < 8; i++) senders.push(await h.open());
    for (const [i, sender] of senders.entries()) await h.send(sender, [[pattern(20, i), target.address]]);
    await h.until("8 datagrams", () => target.receiver.count === 8);
    for (const { payload, from } of target.receiver.datagrams) {
      const index = senders.findIndex((sender) => sender.address.equals(from));
      check(index >= 0, `source: expected one of the senders, got ${from}`);
      checkEqual("payload of that sender", hex(payload), hex(pattern(20, index)));
    }
  },

  "a source address keeps its value when more arrive": async (h) => {
    const [a, b, c] = [await h.open(), await h.open(), await h.open()];
    await h.send(b, [[pattern(4, 1), a.address]]);
    await h.until("the first datagram", () => a.receiver.count === 1);
    await h.send(c, [[pattern(4, 2), a.address]]);
    await h.until("the second datagram", () => a.receiver.count === 2);
    check(a.receiver.datagrams[0]!.from.equals(b.address), "expected the first source address unchanged");
    check(a.receiver.datagrams[1]!.from.equals(c.address), "expected the second source address");
  },

  "a sender that fills its batches again does not change what is on its way": (h) =>
    h.eachPair(async (a, b) => {
      const rounds = 6;
      const capacity = await capacityOf(h, a);
      for (let round = 0; round < rounds; round++) {
        await h.send(
          a,
          Array.from({ length: capacity }, (_, i) => [pattern(64, round * 41 + i), b.address] as const),
        );
      }
      const total = rounds * capacity;
      await h.until(`${total} datagrams`, () => b.receiver.count === total);
      const expected: Uint8Array[] = [];
      for (let round = 0; round < rounds; round++) {
        for (let i = 0; i < capacity; i++) expected.push(pattern(64, round * 41 + i));
      }
      checkSamePayloads(b, expected);
    }),

  "a receiver that scribbles on its payload harms nobody": (h) =>
    h.eachPair(async (a, b) => {
      b.receiver.onReceive = (payload) => payload.fill(0xee);
      const expected = [pattern(50, 1), pattern(50, 2), pattern(50, 3)];
      await h.send(
        a,
        expected.map((payload) => [payload, b.address]),
      );
      await h.until("3 datagrams", () => b.receiver.count === 3);
      checkSamePayloads(b, expected);
    }),

  "a receiver may send from inside onDatagram": (h) =>
    h.eachPair(async (a, b) => {
      b.receiver.onReceive = (payload, from) => {
        const batch = b.transport.acquireBatch();
        check(batch !== undefined, "expected a free batch");
        batch.buffer.set(payload, batch.reserve());
        batch.commit(payload.length, from);
        b.transport.send(batch);
      };
      await h.send(a, [[pattern(77, 3), b.address]]);
      await h.until("the echo", () => a.receiver.count === 1);
      checkSamePayloads(a, [pattern(77, 3)]);
    }),
};

async function capacityOf(h: Harness, { transport }: Endpoint): Promise<number> {
  const batch = await h.acquire(transport);
  const { capacity } = batch;
  batch.release();
  return capacity;
}

/** Same payloads in any order: datagrams have none. */
function checkSamePayloads(endpoint: Endpoint, expected: readonly Uint8Array[]): void {
  const received = endpoint.receiver.datagrams.map(({ payload }) => hex(payload));
  checkEqual("payloads", received.sort(), expected.map(hex).sort());
}

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}
