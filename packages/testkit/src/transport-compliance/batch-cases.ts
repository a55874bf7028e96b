import { SocketAddress } from "@sortie/transport";
import { check, checkEqual } from "./check.js";
import { type CaseBody, counted } from "./harness.js";
import { acquireAll, pattern, patterns, put } from "./outgoing.js";

/** Batches, backpressure, counters and faults of single datagrams. */
export const BATCH_CASES: Readonly<Record<string, CaseBody>> = {
  "when all batches are out acquireBatch gives none, and onWritable tells when one is back": (h) =>
    h.eachPair(async (a, b) => {
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
    }),

  "a batch that is released unsent also brings onWritable": async (h) => {
    const a = await h.open();
    const batches = acquireAll(a.transport);
    for (const batch of batches) batch.release();
    await h.until("onWritable", () => a.receiver.writables === 1);
    await h.acquireEach(a.transport, batches.length);
  },

  "batches come empty and all come back": (h) =>
    h.eachPair(async (a, b) => {
      const count = acquireAll(a.transport).map((batch) => batch.release()).length;
      await h.send(a, patterns(300, 100, b.address));
      await h.until("300 datagrams", () => b.receiver.count === 300);
      await h.drain(a, b);
      const accounted = (): number => counted(a, "datagramsSent") + counted(a, "sendErrors");
      await h.until("all datagrams to be counted", () => accounted() === 301);
      for (const batch of await h.acquireEach(a.transport, count)) {
        checkEqual("datagrams in a fresh batch", batch.count, 0);
        batch.release();
      }
    }),

  "no batch is lost by close, nor by send after it": (h) =>
    h.eachPair(async (a, b) => {
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
      const accounted = (): number => counted(a, "datagramsSent") + counted(a, "sendErrors");
      await h.untilEqual("datagrams accounted for", accounted, batches.length + 1);
      await h.acquireEach(a.transport, batches.length + 1);
    }),

  "an empty batch is taken and given back": (h) =>
    h.eachPair(async (a) => {
      const [first, ...others] = acquireAll(a.transport);
      for (const batch of others) batch.release();
      check(first !== undefined, "expected a batch");
      a.transport.send(first);
      await h.acquireEach(a.transport, others.length + 1);
      checkEqual("datagramsSent", counted(a, "datagramsSent"), 0);
    }),

  "statistics add up on both sides": (h) =>
    h.eachPair(async (a, b) => {
      const sizes = [0, 1, 700, 1452];
      await h.send(
        a,
        sizes.map((size, i) => [pattern(size, i), b.address]),
      );
      await h.untilEqual("datagramsSent", () => counted(a, "datagramsSent"), 4);
      await h.untilEqual("datagramsReceived", () => counted(b, "datagramsReceived"), 4);
      const bytes = sizes.reduce((sum, size) => sum + size, 0);
      checkEqual("bytesSent", counted(a, "bytesSent"), bytes);
      checkEqual("bytesReceived", counted(b, "bytesReceived"), bytes);
      for (const endpoint of [a, b]) {
        for (const counter of ["sendErrors", "receiveErrors", "truncated"] as const) {
          checkEqual(counter, counted(endpoint, counter), 0);
        }
      }
    }),

  "a target that cannot be sent to is counted and spares the others": (h) =>
    h.eachPair(async (a, b) => {
      const nowhere = SocketAddress.fromBytes(b.address.bytes, 0, b.address.scope);
      await h.send(a, [
        [pattern(10, 1), b.address],
        [pattern(10, 2), nowhere],
        [pattern(10, 3), b.address],
      ]);
      await h.until("2 datagrams", () => b.receiver.count === 2);
      await h.until("all to be counted", () => counted(a, "datagramsSent") + counted(a, "sendErrors") === 3);
      await h.rest();
      checkEqual("errors reported", a.receiver.errors.length, 0);
    }),

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
    await h.rest(); // some systems tell of it later
    checkEqual("errors reported", a.receiver.errors.length, 0);
  },
};
