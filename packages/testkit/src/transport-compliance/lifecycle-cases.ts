import { TransportError } from "@sortie/transport";
import { check, checkEqual, checkRejects } from "./check.js";
import { acquireAll, type CaseBody, type Harness, pattern, put } from "./harness.js";
import { RecordingReceiver } from "./recording-receiver.js";

/** Opening, closing and moving. */
export const LIFECYCLE_CASES: Readonly<Record<string, CaseBody>> = {
  "open resolves with the local address and a real port": async (h) => {
    const transport = h.create();
    checkEqual("localAddress before open", transport.localAddress, undefined);
    const address = await h.finish(transport.open(new RecordingReceiver()));
    check(address.port > 0, `local port: expected 1..65535, got ${address.port}`);
    checkEqual("localAddress", transport.localAddress, address);
  },

  "two transports have two addresses": async (h) => {
    const a = await h.open();
    const b = await h.open();
    check(!a.address.equals(b.address), `expected two addresses, got ${a.address} twice`);
  },

  "a second open rejects and leaves the first alone": async (h) => {
    const a = await h.open();
    const b = await h.open();
    await checkRejects("open again", h.finish(a.transport.open(new RecordingReceiver())), "already-open");
    await h.send(b, [[pattern(9, 1), a.address]]);
    await h.until("a datagram", () => a.receiver.count === 1);
  },

  "open rejects after close": async (h) => {
    const a = await h.open();
    await h.finish(a.transport.close());
    await checkRejects("open", h.finish(a.transport.open(new RecordingReceiver())), "closed");
  },

  "close before open is quiet, and open rejects after it": async (h) => {
    const transport = h.create();
    await h.finish(transport.close());
    await checkRejects("open", h.finish(transport.open(new RecordingReceiver())), "closed");
  },

  "close while opening leaves nothing open": async (h) => {
    const transport = h.create();
    const opening = transport.open(new RecordingReceiver());
    const outcome = opening.then(
      () => "opened",
      (error: unknown) => (error instanceof TransportError ? error.code : String(error)),
    );
    await h.finish(transport.close());
    const result = await h.finish(outcome);
    check(result === "opened" || result === "closed", `open: expected "opened" or "closed", got "${result}"`);
    checkEqual("localAddress", transport.localAddress, undefined);
  },

  "close is idempotent": async (h) => {
    const { transport } = await h.open();
    await h.finish(Promise.all([transport.close(), transport.close()]));
    await h.finish(transport.close());
    checkEqual("localAddress", transport.localAddress, undefined);
  },

  "what was sent before close arrives": async (h) => {
    const [a, b] = [await h.open(), await h.open()];
    const sent = Array.from({ length: 100 }, (_, i) => [pattern(200, i), b.address] as const);
    await h.send(a, sent);
    await h.finish(a.transport.close());
    await h.until("100 datagrams", () => b.receiver.count === 100);
  },

  "the receiver hears nothing after close": async (h) => {
    const [a, b, witness] = [await h.open(), await h.open(), await h.open()];
    await h.send(a, [[pattern(10, 1), b.address]]);
    await h.until("a datagram", () => b.receiver.count === 1);
    await h.finish(b.transport.close());
    const heard = b.receiver.events.length;
    await h.send(a, [[pattern(10, 2), b.address]]);
    await h.drain(a, witness);
    checkEqual("calls after close", b.receiver.events.length, heard);
    check(!b.receiver.batchOpen, "expected onBatchEnd after the last datagram");
  },

  "batches that come back after close are not told of": async (h) => {
    const [a, b, witness] = [await h.open(), await h.open(), await h.open()];
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
    await h.drain(b, witness);
    await h.drain(witness, b);
    checkEqual("calls after close", a.receiver.events.length, heard);
  },

  "a closed port frees its address": async (h) => {
    const a = await h.open();
    await h.finish(a.transport.close());
    const b = await h.open(h.create(a.address.port));
    checkEqual("port", b.address.port, a.address.port);
  },

  "a port in use rejects with address-in-use, and open may be tried again": async (h) => {
    const a = await h.open();
    const second = h.create(a.address.port);
    const error = await checkRejects("open", h.finish(second.open(new RecordingReceiver())), "address-in-use");
    check(error.message.includes(String(a.address.port)), `expected the port in the message, got "${error.message}"`);
    checkEqual("localAddress", second.localAddress, undefined);
    await h.finish(a.transport.close());
    const b = await h.open(second);
    checkEqual("port", b.address.port, a.address.port);
  },

  "send before open and after close is counted, not thrown": async (h) => {
    const transport = h.create();
    const witness = await h.open();
    sendTwo(transport, witness.address);
    checkEqual("sendErrors before open", transport.statistics.sendErrors, 2);
    await h.open(transport);
    const held = transport.acquireBatch();
    check(held !== undefined, "expected a free batch");
    put(held, pattern(10, 1), witness.address);
    await h.finish(transport.close());
    transport.send(held);
    checkEqual("sendErrors after close", transport.statistics.sendErrors, 3);
    checkEqual("datagramsSent", transport.statistics.datagramsSent, 0);
  },

  "rebind moves to a new port and both directions go on (where supported)": async (h) => {
    const [a, b] = [await h.open(), await h.open()];
    if (a.transport.rebind === undefined) return;
    await h.send(a, [[pattern(10, 1), b.address]]);
    await h.until("the first datagram", () => b.receiver.count === 1);
    const local = await h.finish(a.transport.rebind());
    check(local.port !== a.address.port, `expected a new port, got ${local.port} again`);
    check(a.transport.localAddress?.equals(local) === true, "expected localAddress to be the new address");
    await h.send(a, [[pattern(10, 2), b.address]]);
    await h.until("a datagram from the new port", () => b.receiver.count === 2);
    const from = b.receiver.datagrams[1]!.from;
    check(from.equals(h.reach(local)), `source: expected ${h.reach(local)}, got ${from}`);
    await h.send(b, [[pattern(10, 3), from]]);
    await h.until("the answer", () => a.receiver.count === 1);
  },

  "rebind rejects before open and after close (where supported)": async (h) => {
    const transport = h.create();
    if (transport.rebind === undefined) return;
    await checkRejects("rebind before open", h.finish(transport.rebind()), "closed");
    await h.open(transport);
    await h.finish(transport.close());
    await checkRejects("rebind after close", h.finish(transport.rebind()), "closed");
  },

  "resolve gives a literal address itself (where supported)": async (h) => {
    const { transport } = await h.open();
    if (transport.resolve === undefined) return;
    for (const literal of ["192.0.2.7", "2001:db8::1"]) {
      checkEqual("resolve", await h.finish(transport.resolve(literal)), [literal]);
    }
  },
};

function sendTwo(transport: ReturnType<Harness["create"]>, to: Parameters<typeof put>[2]): void {
  const batch = transport.acquireBatch();
  check(batch !== undefined, "expected a free batch before open");
  put(batch, pattern(10, 1), to);
  put(batch, pattern(10, 2), to);
  transport.send(batch);
}
