import { SocketAddress } from "@sortie/transport";
import { checkEqual } from "./check.js";
import type { CaseBody } from "./harness.js";
import { acquireAll, type Outgoing, pattern, patterns, put } from "./outgoing.js";

/** When the methods of the receiver are called, and what with. */
export const CALL_CASES: Readonly<Record<string, CaseBody>> = {
  "onBatchEnd follows the datagrams, once for each run of them": (h) =>
    h.eachPair(async (a, b) => {
      for (let round = 1; round <= 3; round++) {
        await h.send(a, patterns(5, 30, b.address));
        await h.until("5 datagrams and their end", () => b.receiver.count === round * 5 && !b.receiver.batchOpen);
      }
      await h.rest(); // for one that comes again later
      checkEqual("batch ends without datagrams", b.receiver.emptyBatches, 0);
      checkEqual("last call", b.receiver.events.at(-1), "batch-end");
    }),

  "onBatchEnd follows where only the first datagram asks for it": (h) =>
    h.eachPair(async (a, b) => {
      // True once, then false. Where they come one by one, the first of them is a batch of its own.
      b.receiver.answer = () => b.receiver.count === 1;
      await h.send(a, patterns(5, 30, b.address));
      await h.until("5 datagrams", () => b.receiver.count === 5);
      await h.until("onBatchEnd for the first of them", () => b.receiver.events.includes("batch-end"));
      await h.rest();
      checkEqual("batch ends without datagrams", b.receiver.emptyBatches, 0);
    }),

  "nothing is called from inside open, acquireBatch or send, not even of others": (h) =>
    h.eachPair(async (a, b) => {
      // Answers from inside onDatagram too, where another send is the next thing on the stack.
      b.receiver.onReceive = (payload, from) => {
        const batch = b.transport.acquireBatch();
        if (batch === undefined) return;
        put(batch, payload, from);
        b.transport.send(batch);
      };
      const nowhere = SocketAddress.fromBytes(b.address.bytes, 0, b.address.scope);
      const outgoing: Outgoing[] = [...patterns(3, 30, b.address), [pattern(5, 1), nowhere]];
      if (!h.isStar) outgoing.push([pattern(31, 1), a.address]);
      await h.send(a, outgoing);
      await h.until("the datagrams", () => b.receiver.count === 3);
      await h.until("answers, and the datagram to itself", () => a.receiver.count >= (h.isStar ? 1 : 2));
      checkEqual("calls", [...a.receiver.faults, ...b.receiver.faults], []);
    }),

  "onWritable is not called from inside the send or release that brings the batch back": (h) =>
    h.eachPair(async (a, b) => {
      for (const giveBack of ["send", "release"] as const) {
        const before = a.receiver.writables;
        const batches = acquireAll(a.transport);
        checkEqual("acquireBatch of an empty pool", a.transport.acquireBatch(), undefined);
        for (const batch of batches) {
          put(batch, pattern(30, 1), b.address);
          const heard = a.receiver.events.length;
          if (giveBack === "send") a.transport.send(batch);
          else batch.release();
          checkEqual(`calls inside ${giveBack}`, a.receiver.events.length, heard);
        }
        await h.until("onWritable", () => a.receiver.writables > before);
      }
    }),

  "waitedMs, where it is given, is how long ago the datagram came": (h) =>
    h.eachPair(async (a, b) => {
      b.transport.holdReceive?.(20);
      for (let round = 1; round <= 5; round++) {
        await h.send(a, patterns(3, 30, b.address));
        await h.until("3 datagrams", () => b.receiver.count === 3 * round);
      }
      checkEqual("calls", b.receiver.faults, []);
    }),

  "when all has come nothing more is called": (h) =>
    h.eachPair(async (a, b) => {
      await h.send(a, patterns(5, 30, b.address));
      await h.until("5 datagrams", () => b.receiver.count === 5);
      await h.send(b, patterns(5, 30, a.address));
      await h.until("5 answers", () => a.receiver.count === 5);
      await h.until("their ends", () => !a.receiver.batchOpen && !b.receiver.batchOpen);
      const heard = [a, b].map(({ receiver }) => receiver.events.length);
      await h.rest();
      checkEqual(
        "calls",
        [a, b].map(({ receiver }) => receiver.events.length),
        heard,
      );
      checkEqual("errors reported", [...a.receiver.errors, ...b.receiver.errors], []);
    }),
};
