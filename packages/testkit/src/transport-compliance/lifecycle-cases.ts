import { TransportError } from "@sortie/transport";
import { check, checkEqual, checkRejects } from "./check.js";
import { type CaseBody, counted, type Harness } from "./harness.js";
import { acquireAll, pattern, patterns, put } from "./outgoing.js";

/** Opening and closing. */
export const LIFECYCLE_CASES: Readonly<Record<string, CaseBody>> = {
  "open resolves with the local address and a real port": async (h) => {
    for (const transport of await h.subjects()) {
      checkEqual("localAddress before open", transport.localAddress, undefined);
      const address = await h.finish(transport.open(h.receiver()));
      // Who dials needs no port, and a browser tells nobody which it is.
      if (!h.isStar) check(address.port > 0, `local port: expected 1..65535, got ${address.port}`);
      checkEqual("localAddress", transport.localAddress, address);
    }
  },

  "two transports have two addresses": async (h) => {
    const [a, b, c] = [await h.open(), await h.open(), await h.open()];
    check(!a.address.equals(b.address), `expected two addresses, got ${a.address} twice`);
    check(!b.address.equals(c.address), `expected two addresses, got ${b.address} twice`);
  },

  "a second open rejects and leaves the first alone": (h) =>
    h.eachPair(async (a, b) => {
      await checkRejects("open again", h.finish(a.transport.open(h.receiver())), "already-open");
      await h.send(b, [[pattern(9, 1), a.address]]);
      await h.until("a datagram", () => a.receiver.count === 1);
    }),

  "open rejects after close": async (h) => {
    for (const transport of await h.subjects()) {
      await h.open(transport);
      await h.finish(transport.close());
      await checkRejects("open", h.finish(transport.open(h.receiver())), "closed");
    }
  },

  "close before open is quiet, and open rejects after it": async (h) => {
    for (const transport of await h.subjects()) {
      await h.finish(transport.close());
      await checkRejects("open", h.finish(transport.open(h.receiver())), "closed");
    }
  },

  "close while opening leaves nothing open": async (h) => {
    for (const transport of await h.subjects()) {
      const outcome = transport.open(h.receiver()).then(
        () => "opened",
        (error: unknown) => (error instanceof TransportError ? error.code : String(error)),
      );
      await h.finish(transport.close());
      const result = await h.finish(outcome);
      check(result === "opened" || result === "closed", `open: expected "opened" or "closed", got "${result}"`);
      checkEqual("localAddress", transport.localAddress, undefined);
    }
  },

  "close is idempotent": async (h) => {
    for (const transport of await h.subjects()) {
      await h.open(transport);
      await h.finish(Promise.all([transport.close(), transport.close()]));
      await h.finish(transport.close());
      checkEqual("localAddress", transport.localAddress, undefined);
    }
  },

  "what was sent before close arrives": (h) =>
    h.eachPair(async (a, b) => {
      await h.send(a, patterns(100, 200, b.address));
      await h.finish(a.transport.close());
      await h.until("100 datagrams", () => b.receiver.count === 100);
    }),

  "the receiver hears nothing after close": (h) =>
    h.eachPair(async (a, b) => {
      await h.send(a, [[pattern(10, 1), b.address]]);
      await h.until("a datagram", () => b.receiver.count === 1);
      await h.finish(b.transport.close());
      const heard = b.receiver.events.length;
      await h.send(a, [[pattern(10, 2), b.address]]);
      await h.rest();
      checkEqual("calls after close", b.receiver.events.length, heard);
      check(!b.receiver.batchOpen, "expected onBatchEnd after the last datagram");
    }),

  "what is on its way at close is not handed over after it": (h) =>
    h.eachPair(async (a, b) => {
      await h.send(a, patterns(20, 10, b.address));
      // Until it resolves datagrams may come: when it does, that is noted before anything else happens.
      await h.finish(b.transport.close());
      await h.rest();
      checkEqual("calls after close", b.receiver.faults, []);
      check(!b.receiver.batchOpen, "expected onBatchEnd after the last datagram");
    }),

  "batches that come back after close are not told of": (h) =>
    h.eachPair(async (a, b) => {
      const held = acquireAll(a.transport);
      checkEqual("acquireBatch of an empty pool", a.transport.acquireBatch(), undefined);
      await h.finish(a.transport.close());
      const heard = a.receiver.events.length;
      held.forEach((batch, i) => {
        put(batch, pattern(10, i), b.address);
        // Sent or released, either brings onWritable while the transport is open.
        if (i % 2 === 0) a.transport.send(batch);
        else batch.release();
      });
      await h.rest();
      checkEqual("calls after close", a.receiver.events.length, heard);
    }),

  "a closed port frees its address": async (h) => {
    const a = await h.open();
    await h.finish(a.transport.close());
    const b = await h.open(h.create(a.address.port));
    checkEqual("port", b.address.port, a.address.port);
  },

  "a port in use rejects with address-in-use, and open may be tried again": async (h) => {
    const a = await h.open();
    const second = h.create(a.address.port);
    const error = await checkRejects("open", h.finish(second.open(h.receiver())), "address-in-use");
    check(error.message.includes(String(a.address.port)), `expected the port in the message, got "${error.message}"`);
    checkEqual("localAddress", second.localAddress, undefined);
    await h.finish(a.transport.close());
    const b = await h.open(second);
    checkEqual("port", b.address.port, a.address.port);
  },

  "send before open and after close is counted, not thrown": async (h) => {
    const witness = await h.open();
    const transport = h.create();
    await sendTwo(h, transport, witness.address);
    await h.untilEqual("sendErrors before open", () => transport.statistics.sendErrors, 2);
    const opened = await h.open(transport);
    const held = await h.acquire(transport);
    put(held, pattern(10, 1), witness.address);
    await h.finish(transport.close());
    transport.send(held);
    await h.untilEqual("sendErrors after close", () => transport.statistics.sendErrors, 3);
    checkEqual("datagramsSent", counted(opened, "datagramsSent"), 0);
  },
};

async function sendTwo(
  h: Harness,
  transport: ReturnType<Harness["create"]>,
  to: Parameters<typeof put>[2],
): Promise<void> {
  const batch = await h.acquire(transport);
  put(batch, pattern(10, 1), to);
  put(batch, pattern(10, 2), to);
  transport.send(batch);
}
