import { SocketAddress } from "@sortie/transport";
import { check, checkEqual } from "./check.js";
import { acquireAll, type CaseBody, type Outgoing, pattern, put } from "./harness.js";

/** Batches, backpressure, counters and faults of single datagrams. */
export const BATCH_CASES: Readonly<Record<string, CaseBody>> = {
  "onBatchEnd follows the datagrams, once for each run of them": async (h) => {
    const [a, b] = [await h.open(), await h.open()];
    for (let round = 1; round <= 3; round++) {
      await h.send(
        a,
        Array.from({ length: 5 }, (_, i) => [pattern(30, i), b.address] as const),
      );
      await h.until("5 datagrams and their end", () => b.receiver.count === round * 5 && !b.receiver.batchOpen);
    }
    checkEqual("batch ends without datagrams", b.receiver.emptyBatches, 0);
    checkEqual("last call", b.receiver.events.at(-1), "batch-end");
  },

  "onBatchEnd follows where only the first datagram asks for it": async (h) => {
    const [a, b] = [await h.open(), await h.open()];
    // True once, then false. Where they come one by one, the first of them is a batch of its own.
    b.receiver.answer = () => b.receiver.count === 1;
    await h.send(
      a,
      Array.from({ length: 5 }, (_, i) => [pattern(30, i), b.address] as const),
    );
    await h.until("5 datagrams", () => b.receiver.count === 5);
    await h.until("onBatchEnd for the first of them", () => b.receiver.events.includes("batch-end"));
    checkEqual("batch ends without datagrams", b.receiver.emptyBatches, 0);
  },

  "nothing is called from inside send or acquireBatch": async (h) => {
    const a = await h.open();
    const before = a.receiver.events.length;
    const batch = a.transport.acquireBatch();
    check(batch !== undefined, "expected a free batch");
    put(batch, pattern(30, 1), a.address);
    a.transport.send(batch);
    checkEqual("calls inside send", a.receiver.events.length, before);
    await h.until("the datagram to itself", () => a.receiver.count === 1);
  },

  "onWritable is not called from inside the send or release that brings the batch back": async (h) => {
    const a = await h.open();
    for (const giveBack of ["send", "release"] as const) {
      const before = a.receiver.writables;
      const batches = acquireAll(a.transport);
      checkEqual("acquireBatch of an empty pool", a.transport.acquireBatch(), undefined);
      for (const batch of batches) {
        put(batch, pattern(30, 1), a.address);
        const heard = a.receiver.events.length;
        if (giveBack === "send") a.transport.send(batch);
        else batch.release();
        checkEqual(`calls inside ${giveBack}`, a.receiver.events.length, heard);
      }
      await h.until("onWritable", () => a.receiver.writables > before);
    }
  },

  "when all batches are out acquireBatch gives none, and onWritable tells when one is back": async (h) => {
    const [a, b] = [await h.open(), await h.open()];
    const batches = acquireAll(a.transport);
    check(batches.length >= 1, "expected at least one batch");
    checkEqual("acquireBatch of an empty pool", a.transport.acquireBatch(), undefined);
    checkEqual("onWritable while all are out", a.receiver.writables, 0);
    for (const batch of batches) {
      put(batch, pattern(12, 1), b.address);
      a.transport.send(batch);
    }
    await h.until("onWritable", () => a.receiver.writables === 1);
    await h.until("the datagrams", () => b.receiver.count === batches.length);
    await h.drain(a, b);
    checkEqual("onWritable calls for one time of want", a.receiver.writables, 1);
  },

  "a batch that is released unsent also brings onWritable": async (h) => {
    const a = await h.open();
    const batches = acquireAll(a.transport);
    for (const batch of batches) batch.release();
    await h.until("onWritable", () => a.receiver.writables === 1);
    checkEqual("free batches", acquireAll(a.transport).length, batches.length);
  },

  "batches come empty and all come back": async (h) => {
    const [a, b] = [await h.open(), await h.open()];
    const count = acquireAll(a.transport).map((batch) => batch.release()).length;
    const outgoing: Outgoing[] = Array.from({ length: 300 }, (_, i) => [pattern(100, i), b.address]);
    await h.send(a, outgoing);
    await h.until("300 datagrams", () => b.receiver.count === 300);
    await h.drain(a, b);
    const sent = a.transport.statistics;
    await h.until("all datagrams to be counted", () => sent.datagramsSent + sent.sendErrors === 301);
    const free = acquireAll(a.transport);
    checkEqual("free batches", free.length, count);
    for (const batch of free) {
      checkEqual("datagrams in a fresh batch", batch.count, 0);
      batch.release();
    }
  },

  "no batch is lost by close, nor by send after it": async (h) => {
    const [a, b] = [await h.open(), await h.open()];
    const batches = acquireAll(a.transport);
    const last = batches.pop();
    check(last !== undefined, "expected a batch");
    for (const batch of batches) {
      put(batch, pattern(100, 1), b.address);
      a.transport.send(batch);
    }
    put(last, pattern(100, 2), b.address);
    await h.finish(a.transport.close());
    a.transport.send(last);
    const { datagramsSent, sendErrors } = a.transport.statistics;
    checkEqual("datagrams accounted for", datagramsSent + sendErrors, batches.length + 1);
    checkEqual("free batches", acquireAll(a.transport).length, batches.length + 1);
  },

  "an empty batch is taken and given back": async (h) => {
    const a = await h.open();
    const [first, ...others] = acquireAll(a.transport);
    for (const batch of others) batch.release();
    check(first !== undefined, "expected a batch");
    a.transport.send(first);
    await h.until("the batch to be back", () => {
      const free = acquireAll(a.transport);
      for (const batch of free) batch.release();
      return free.length === others.length + 1;
    });
    checkEqual("datagramsSent", a.transport.statistics.datagramsSent, 0);
  },

  "statistics add up on both sides": async (h) => {
    const [a, b] = [await h.open(), await h.open()];
    const sizes = [0, 1, 700, 1452];
    await h.send(
      a,
      sizes.map((size, i) => [pattern(size, i), b.address]),
    );
    const sent = a.transport.statistics;
    const received = b.transport.statistics;
    await h.until("4 datagrams to be counted", () => sent.datagramsSent === 4 && received.datagramsReceived === 4);
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    checkEqual("bytesSent", sent.bytesSent, bytes);
    checkEqual("bytesReceived", received.bytesReceived, bytes);
    checkEqual("errors of the sender", [sent.sendErrors, sent.receiveErrors, sent.truncated], [0, 0, 0]);
    checkEqual("errors of the receiver", [received.sendErrors, received.receiveErrors, received.truncated], [0, 0, 0]);
  },

  "a target that cannot be sent to is counted and spares the others": async (h) => {
    const [a, b] = [await h.open(), await h.open()];
    const nowhere = SocketAddress.fromBytes(b.address.bytes, 0, b.address.scope);
    await h.send(a, [
      [pattern(10, 1), b.address],
      [pattern(10, 2), nowhere],
      [pattern(10, 3), b.address],
    ]);
    await h.until("2 datagrams", () => b.receiver.count === 2);
    const { statistics } = a.transport;
    await h.until("all to be counted", () => statistics.datagramsSent + statistics.sendErrors === 3);
    checkEqual("errors reported", a.receiver.errors.length, 0);
  },

  "a peer that is gone disturbs nobody": async (h) => {
    const [a, b, gone] = [await h.open(), await h.open(), await h.open()];
    await h.finish(gone.transport.close());
    for (let i = 1; i <= 3; i++) {
      await h.send(a, [
        [pattern(10, i), gone.address],
        [pattern(11, i), b.address],
      ]);
      await h.until("the datagram to the living one", () => b.receiver.count === i);
    }
    await h.send(b, [[pattern(12, 1), a.address]]);
    await h.until("the answer", () => a.receiver.count === 1);
    checkEqual("errors reported", a.receiver.errors.length, 0);
  },
};
