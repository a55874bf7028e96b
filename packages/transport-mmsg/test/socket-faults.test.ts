import { constants } from "node:os";
import type { DatagramTransport } from "@sortie/transport";
import { hostTimers } from "@sortie/transport-dgram/udp";
import { afterEach, describe, expect, it, vi } from "vitest";
import { mmsgTransport } from "../src/create-mmsg-transport.js";
import { SockaddrCodec } from "../src/sockaddr.js";
import { Inbox, isAvailable, sendAll, WatchedSockets } from "./support.js";

const { EAGAIN, EBADF, ECONNREFUSED, EINTR, EMSGSIZE, ENETUNREACH, ENOBUFS } = constants.errno;
const opened: DatagramTransport[] = [];
const own = { ...hostTimers };

afterEach(async () => {
  vi.useRealTimers();
  Object.assign(hostTimers, own);
  await Promise.all(opened.splice(0).map((transport) => transport.close()));
});

/** The system, but for the answers that a test puts in its place: an errno, or undefined for the system's own. */
class FaultySockets extends WatchedSockets {
  sendFault: () => number | undefined = () => undefined;
  receiveFault: () => number | undefined = () => undefined;
  sendCalls = 0;
  readonly closed: number[] = [];
  #errno: number | undefined = undefined;

  override send(fd: number, headers: number, count: number): number {
    this.sendCalls++;
    this.#errno = this.sendFault();
    return this.#errno === undefined ? super.send(fd, headers, count) : -1;
  }

  override receive(fd: number, headers: number, count: number): number {
    this.#errno = this.receiveFault();
    return this.#errno === undefined ? super.receive(fd, headers, count) : -1;
  }

  override close(fd: number): void {
    this.closed.push(fd);
    super.close(fd);
  }

  override get lastError(): number {
    return this.#errno ?? super.lastError;
  }
}

async function open(sockets = new FaultySockets()) {
  const transport = mmsgTransport(sockets, { host: "127.0.0.1", segmentation: false });
  opened.push(transport);
  const inbox = new Inbox();
  return { transport, inbox, sockets, address: await transport.open(inbox) };
}

describe.runIf(isAvailable)("a socket with real traffic whose calls fail", () => {
  it.each([
    ["EMSGSIZE", EMSGSIZE],
    ["ENETUNREACH", ENETUNREACH],
    ["ENOBUFS", ENOBUFS],
    ["ECONNREFUSED", ECONNREFUSED],
    ["EAGAIN", EAGAIN],
    ["EINTR", EINTR],
  ])("T37: %s for every third call that sends: all datagrams arrive or are counted", async (_name, errno) => {
    const [a, b] = [await open(), await open()];
    let calls = 0;
    a.sockets.sendFault = () => (++calls % 3 === 0 ? errno : undefined);
    const { statistics } = a.transport;
    for (let round = 1; round <= 60; round++) {
      sendAll(a.transport, [`${round}a`, b.address], [`${round}b`, b.address], [`${round}c`, b.address]);
      const done = (): boolean => statistics.datagramsSent + statistics.sendErrors === round * 3;
      while (!done()) await new Promise((resolve) => setImmediate(resolve));
    }
    await b.inbox.received(statistics.datagramsSent);
    expect(b.inbox.texts).toEqual([...new Set(b.inbox.texts)]);
    const isLost = errno === EMSGSIZE || errno === ENETUNREACH;
    expect(statistics.sendErrors > 0).toBe(isLost);
    expect(a.inbox.errors).toEqual([]);
  });

  it.each([
    ["EINTR", EINTR, 0],
    ["ECONNREFUSED", ECONNREFUSED, 5],
    ["ENOMEM", constants.errno.ENOMEM, 5],
  ])("%s while receiving: nothing that came is lost, errors are counted", async (_name, errno, counted) => {
    const [a, b] = [await open(), await open()];
    let faults = 5;
    b.sockets.receiveFault = () => (faults-- > 0 ? errno : undefined);
    sendAll(a.transport, ["1", b.address], ["2", b.address]);
    await b.inbox.received(2);
    expect(b.inbox.texts).toEqual(["1", "2"]);
    expect(b.transport.statistics.receiveErrors).toBe(counted);
    expect(b.inbox.errors).toEqual([]);
  });

  it("a descriptor that is gone is reported, and not asked again and again", async () => {
    const [a, b] = [await open(), await open()];
    let calls = 0;
    b.sockets.receiveFault = () => {
      calls++;
      return EBADF;
    };
    sendAll(a.transport, ["1", b.address]);
    await b.inbox.until(() => b.inbox.errors.length > 0);
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    // Nor when a receiver asks with each of its ticks.
    b.transport.holdReceive?.(2);
    for (let tick = 0; tick < 3; tick++) b.transport.receiveNow?.();
    expect(calls).toBe(1);
    expect(b.inbox.errors.map(({ code }) => code)).toEqual(["closed"]);
  });

  it.each(["sending", "receiving"])(
    "one found gone by %s is neither sent to nor closed: it is another's",
    async (by) => {
      const [a, b] = [await open(), await open()];
      const descriptor = a.sockets.descriptors[0]!;
      if (by === "sending") {
        // Two batches that wait, and are given up together.
        a.sockets.sendFault = () => EAGAIN;
        sendAll(a.transport, ["1", b.address], ["2", b.address]);
        sendAll(a.transport, ["3", b.address]);
        a.sockets.sendFault = () => EBADF;
      } else {
        a.sockets.receiveFault = () => EBADF;
        sendAll(b.transport, ["1", a.address]);
      }
      await a.inbox.until(() => a.inbox.errors.length > 0);
      expect(a.inbox.errors.map(({ code }) => code)).toEqual(["closed"]);
      const { sendCalls } = a.sockets;
      a.sockets.sendFault = () => undefined;
      const before = a.transport.statistics.sendErrors;
      expect(before).toBe(by === "sending" ? 3 : 0);
      sendAll(a.transport, ["4", b.address], ["5", b.address]);
      expect(a.transport.statistics).toMatchObject({ datagramsSent: 0, sendErrors: before + 2 });
      expect(a.sockets.sendCalls).toBe(sendCalls);
      await a.transport.close();
      expect(a.sockets.closed).toEqual([]);
      expect(a.sockets.stillOpen).toHaveLength(1);
      a.sockets.close(descriptor);
      // All batches are back.
      for (let i = 0; i < 8; i++) expect(a.transport.acquireBatch()).toBeDefined();
    },
  );

  it("a send that finds it gone says so afterwards, not from inside", async () => {
    const [a, b] = [await open(), await open()];
    a.sockets.sendFault = () => EBADF;
    sendAll(a.transport, ["1", b.address]);
    expect(a.inbox.errors).toEqual([]);
    await a.inbox.until(() => a.inbox.errors.length > 0);
    await a.transport.close();
    a.sockets.close(a.sockets.descriptors[0]!);
  });

  it("a source that cannot be told is counted, and the next datagram comes", async () => {
    const [a, b, c] = [await open(), await open(), await open()];
    const { addressOf } = SockaddrCodec.prototype;
    const strange = vi.spyOn(SockaddrCodec.prototype, "addressOf").mockImplementation(function (
      this: SockaddrCodec,
      parts,
    ) {
      if (parts.port === a.address.port) throw new RangeError('"scope" expected the zone of an IPv6 address');
      return addressOf.call(this, parts);
    });
    try {
      sendAll(a.transport, ["from a", b.address]);
      sendAll(c.transport, ["from c", b.address]);
      await b.inbox.received(1);
    } finally {
      strange.mockRestore();
    }
    expect(b.inbox.texts).toEqual(["from c"]);
    expect(b.transport.statistics).toMatchObject({ datagramsReceived: 1, receiveErrors: 1 });
  });

  it("batches that wait hold back, and onWritable comes when one is out", async () => {
    const a = await open();
    let blocked = true;
    a.sockets.sendFault = () => (blocked ? EAGAIN : undefined);
    const held = [];
    for (let batch = a.transport.acquireBatch(); batch !== undefined; batch = a.transport.acquireBatch()) {
      batch.commit(4, a.address);
      held.push(batch);
    }
    for (const batch of held) a.transport.send(batch);
    expect(a.transport.acquireBatch()).toBeUndefined();
    blocked = false;
    await a.inbox.received(held.length);
    expect(a.transport.statistics).toMatchObject({ datagramsSent: 8, sendErrors: 0 });
    expect(a.transport.acquireBatch()).toBeDefined();
  });

  it("close gives up after a second what the system does not take, counts it, and leaves nothing open", async () => {
    const a = await open();
    a.sockets.sendFault = () => EAGAIN;
    sendAll(a.transport, ["1", a.address], ["2", a.address]);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    Object.assign(hostTimers, { setTimeout, clearTimeout });
    const closing = a.transport.close();
    await vi.advanceTimersByTimeAsync(999);
    expect(a.sockets.stillOpen.length).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    await closing;
    expect(a.transport.statistics).toMatchObject({ datagramsSent: 0, sendErrors: 2 });
    expect(a.sockets.stillOpen).toEqual([]);
  });

  it("close waits for what the system takes late", async () => {
    const [a, b] = [await open(), await open()];
    let faults = 3;
    a.sockets.sendFault = () => (faults-- > 0 ? EAGAIN : undefined);
    sendAll(a.transport, ["late", b.address]);
    await a.transport.close();
    await b.inbox.received(1);
    expect(b.inbox.texts).toEqual(["late"]);
    expect(a.transport.statistics).toMatchObject({ datagramsSent: 1, sendErrors: 0 });
  });
});
