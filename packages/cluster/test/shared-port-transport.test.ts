import type { DatagramReceiver, SocketAddress } from "@sortie/transport";
import { createNetwork } from "@sortie/transport-memory";
import { describe, expect, it } from "vitest";
import { ForwardLink } from "../src/forward-link.js";
import { ForwardingCounters } from "../src/forwarding-statistics.js";
import type { WorkerLinks } from "../src/messages.js";
import { SharedPortTransport } from "../src/shared-port-transport.js";

/** A worker of two whose start waits for `go`, or, where the other one runs already, its opening of the shared port. */
async function starting(options: { readonly isReplacement?: boolean } = {}) {
  const network = createNetwork({ seed: 1 });
  const { clock } = network;
  const counters = new ForwardingCounters();
  const loopback = network.createTransport({ host: "127.0.0.1" });
  const link = new ForwardLink({
    transport: loopback,
    worker: 0,
    workers: 2,
    counters,
  });
  const failures: unknown[] = [];
  const calls: string[] = [];
  let go: (links: WorkerLinks) => void = () => undefined;
  const waiting = new Promise<WorkerLinks>((resolve) => (go = resolve));
  const socket = network.createTransport({ host: "10.0.0.1", port: 1474 });
  const shared = new SharedPortTransport({
    transport: Object.assign(socket, {
      holdReceive: (holdMs: number) => void calls.push(`hold ${holdMs}`),
      receiveNow: () => calls.push("receive") > 0,
    }),
    link,
    worker: 0,
    workers: 2,
    counters,
    isAccepting: () => true,
    ...(options.isReplacement === true ? { join: () => waiting } : {}),
    start: () => (options.isReplacement === true ? undefined : waiting),
    onLive: () => void calls.push("live"),
    onFailed: (error) => void failures.push(error),
    onClosed: () => void calls.push("closed"),
  });
  const heard: string[] = [];
  const receiver: DatagramReceiver = {
    onDatagram: (payload) => void heard.push(String(payload.length)),
    onBatchEnd: () => void heard.push("end"),
    onError: () => undefined,
    onWritable: () => undefined,
  };
  const opening = shared.open(receiver);
  opening.catch(() => undefined);
  const client = network.createTransport({ host: "10.0.0.2" });
  const nothing = { ...receiver, onDatagram: () => undefined, onBatchEnd: () => undefined };
  await clock.runUntilSettled(client.open(nothing));
  await clock.run(1);
  const send = async (...payloads: Uint8Array[]): Promise<void> => {
    const batch = client.acquireBatch();
    for (const payload of payloads) {
      batch?.buffer.set(payload, batch.reserve());
      batch?.commit(payload.length, socket.localAddress as SocketAddress);
    }
    if (batch !== undefined) client.send(batch);
    await clock.run(1);
  };
  return {
    socket,
    loopback,
    clock,
    shared,
    counters,
    opening,
    heard,
    calls,
    failures,
    send,
    go: (links: WorkerLinks) => go(links),
  };
}

/** A protected packet for a worker of two. */
function packetOf(worker: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => (i === 0 ? 0x40 : i === 1 ? worker << 7 : 0));
}

describe("SharedPortTransport", () => {
  it("drops and counts what comes before all workers are there", async () => {
    const { clock, opening, heard, counters, send, go, calls } = await starting();
    await send(packetOf(0, 30), packetOf(1, 31), Uint8Array.of(1));
    expect(counters.early).toBe(3);
    expect(calls).toEqual([]);
    go({ ports: [1, 0], accepting: [0] });
    await clock.runUntilSettled(opening);
    expect(calls).toEqual(["live"]);
    await send(packetOf(0, 40), packetOf(0, 41));
    expect(heard).toEqual(["40", "41", "end"]);
    expect(counters.early).toBe(3);
  });

  it("passes on what is another worker's, and nothing else; without that worker it takes it", async () => {
    const { clock, opening, heard, counters, send, go, shared } = await starting();
    go({ ports: [1, 2], accepting: [0, 1] });
    await clock.runUntilSettled(opening);
    await send(packetOf(1, 30), packetOf(1, 1452));
    expect(heard).toEqual([]);
    expect(counters.forwarded).toBe(2);
    // Too short, too long, of no kind, empty: nobody's in particular.
    await send(
      packetOf(1, 25),
      packetOf(1, 1453),
      Uint8Array.from({ length: 40 }, () => 0xff),
      new Uint8Array(0),
    );
    expect(heard).toEqual(["25", "1453", "40", "0", "end"]);
    shared.setLinks({ ports: [1, 0], accepting: [0] });
    await send(packetOf(1, 33));
    expect(heard.slice(5)).toEqual(["33", "end"]);
    expect(counters).toMatchObject({ forwarded: 2, ownerless: 1 });
  });

  it("goes by the news of other workers that came together with the word to start, and after it", async () => {
    const { clock, opening, counters, send, go, shared } = await starting();
    go({ ports: [1, 2], accepting: [0, 1] });
    // Before any promise goes on, as two messages from the main process that arrive together.
    shared.setLinks({ ports: [1, 0], accepting: [0] });
    await clock.runUntilSettled(opening);
    await send(packetOf(1, 30));
    expect(counters).toMatchObject({ forwarded: 0, ownerless: 1 });
  });

  it("of a replacement opens the shared port once it knows the others, and then drops nothing of theirs", async () => {
    const { clock, opening, heard, counters, send, go, socket, calls } = await starting({ isReplacement: true });
    expect(socket.localAddress).toBeUndefined();
    go({ ports: [0, 2], accepting: [1] });
    await clock.runUntilSettled(opening);
    expect(calls).toEqual(["live"]);
    await send(packetOf(1, 30), packetOf(0, 40));
    expect(heard).toEqual(["40", "end"]);
    expect(counters).toMatchObject({ forwarded: 1, early: 0 });
  });

  it.each([false, true])("that is closed while it waits for the others says so, case %s", async (isReplacement) => {
    const { clock, opening, shared, failures, calls } = await starting({ isReplacement });
    await clock.runUntilSettled(shared.close());
    await expect(opening).rejects.toMatchObject({ name: "TransportError", code: "closed" });
    expect(failures).toMatchObject([{ code: "closed" }]);
    expect(calls).toEqual(["closed"]);
  });

  it("hands on how long what comes may wait", async () => {
    const { shared, calls } = await starting();
    shared.holdReceive(1);
    // What is forwarded does not tell how long it has waited.
    shared.holdReceive(25);
    shared.receiveNow();
    expect(calls).toEqual(["hold 1", "hold 2", "receive"]);
  });

  it("tells when nothing is left at both of its sockets, within the time for both", async () => {
    const { shared, socket, loopback } = await starting();
    const done = (): void => void told.push("done");
    const told: string[] = [];
    expect(shared.receiveSoon(20, done)).toBe(false);

    const limits: number[] = [];
    let goOn: () => void = done;
    const receiveSoon = (limitMs: number, whenDone: () => void): boolean => {
      limits.push(limitMs);
      goOn = whenDone;
      return true;
    };
    Object.assign(socket, { receiveSoon });
    expect(shared.receiveSoon(20, done)).toBe(true);
    expect(told).toEqual([]);
    goOn(); // the loopback socket cannot tell
    expect(told).toEqual(["done"]);

    Object.assign(loopback, { receiveSoon });
    shared.receiveSoon(20, done);
    goOn();
    expect(told).toEqual(["done"]);
    expect(limits.slice(0, 2)).toEqual([20, 20]);
    expect(limits[2]).toBeGreaterThan(0);
    expect(limits[2]).toBeLessThanOrEqual(20);
    goOn();
    expect(told).toEqual(["done", "done"]);
  });
});
