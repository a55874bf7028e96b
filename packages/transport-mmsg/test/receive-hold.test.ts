import type { DatagramTransport } from "@sortie/transport";
import { hostTimers } from "@sortie/transport-dgram/udp";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { createSocket } from "node:dgram";
import { mmsgTransport } from "../src/create-mmsg-transport.js";
import type { FdPoll } from "../src/fd-poll.js";
import { SO_RCVBUF, SO_TIMESTAMPNS, SOL_SOCKET } from "../src/linux-abi.js";
import { ReceiveHold } from "../src/receive-hold.js";
import { hasIpv6, Inbox, isAvailable, sendAll, WatchedSockets } from "./support.js";

const LOOPBACK = "127.0.0.1";
const opened: DatagramTransport[] = [];
const own = { ...hostTimers };

/** For the hold too, which does not go by them otherwise. */
function fakeTimers(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  Object.assign(hostTimers, { setTimeout, clearTimeout, now: () => performance.now() });
}

function realTimers(): void {
  vi.useRealTimers();
  Object.assign(hostTimers, own);
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((transport) => transport.close()));
});

/** A kernel that does not stamp datagrams, or whose clock was set. */
class OddSockets extends WatchedSockets {
  offersStamps = true;
  clockIsAheadSeconds = 0;

  override trySetOption(fd: number, level: number, option: number, value: number): boolean {
    if (option === SO_TIMESTAMPNS && !this.offersStamps) return false;
    return super.trySetOption(fd, level, option, value);
  }

  override get stampSeconds(): number {
    return super.stampSeconds + this.clockIsAheadSeconds;
  }
}

/** Counts the receive calls of the system. */
class CountingSockets extends WatchedSockets {
  receives = 0;

  override receive(fd: number, headers: number, slots: number): number {
    this.receives += 1;
    return super.receive(fd, headers, slots);
  }
}

async function open<T extends WatchedSockets = CountingSockets>(holdMs: number, given?: T) {
  const sockets = given ?? (new CountingSockets() as WatchedSockets as T);
  const transport = mmsgTransport(sockets, { host: LOOPBACK });
  opened.push(transport);
  transport.holdReceive?.(holdMs);
  const inbox = new Inbox();
  return { transport, inbox, sockets, address: await transport.open(inbox) };
}

/** Sends one datagram after the other, each in a turn of its own, for so many turns. */
async function stream(from: DatagramTransport, to: Awaited<ReturnType<typeof open>>, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    sendAll(from, [String(i), to.address]);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe.runIf(isAvailable)("a receiver that can wait", () => {
  it("gets a stream in fewer reads than datagrams, all of it and in order, and single datagrams too", async () => {
    const sender = await open(0);
    const [held, prompt] = [await open(100), await open(0)];
    for (const to of [held, prompt]) {
      await stream(sender.transport, to, 100);
      await to.inbox.received(100);
      expect(to.inbox.texts).toEqual(Array.from({ length: 100 }, (_, i) => String(i)));
    }
    expect(held.sockets.receives).toBeLessThan(prompt.sockets.receives / 2);
    expect(held.inbox.batches).toBeLessThan(prompt.inbox.batches / 2);
    sendAll(sender.transport, ["after the stream", held.address]);
    await held.inbox.received(101);
    expect(held.inbox.texts.at(-1)).toBe("after the stream");
  });

  it("gets what is kept when it asks, before the call returns", async () => {
    const [sender, held] = [await open(0), await open(100)];
    await stream(sender.transport, held, 50);
    held.transport.receiveNow?.();
    expect(held.inbox.texts.length).toBe(50);
    held.transport.receiveNow?.();
    expect(held.inbox.texts.length).toBe(50);
  });

  it("gets 4096 datagrams at the most when it asks, and hears whether those were all", async () => {
    const [sender, held] = [await open(0), await open(100)];
    const seen = { reads: 0 };
    // A full answer to each call: as of a socket that is filled as fast as it is read.
    const endless = new (class extends WatchedSockets {
      isFull = false;
      override receive(fd: number, headers: number, slots: number): number {
        const filled = super.receive(fd, headers, slots);
        if (!this.isFull) return filled;
        seen.reads += 1;
        return slots;
      }
    })();
    const flooded = await open(100, endless);
    for (let round = 0; round < 10; round++) {
      sendAll(
        sender.transport,
        ...Array.from({ length: 50 }, (): [string, typeof held.address] => ["x", held.address]),
      );
    }
    block(2);
    expect(held.transport.receiveNow?.()).toBe(true);
    expect(held.inbox.texts.length).toBe(500);
    endless.isFull = true;
    expect(flooded.transport.receiveNow?.()).toBe(false);
    endless.isFull = false;
    expect(seen.reads).toBe(64);
  });

  it("waits no longer once it says so, and after a rebind still does as it said", async () => {
    const [sender, held] = [await open(0), await open(100)];
    await stream(sender.transport, held, 20);
    held.transport.holdReceive?.(0);
    await held.inbox.received(20);
    held.transport.holdReceive?.(100);
    const moved = { ...held, address: (await held.transport.rebind?.()) ?? held.address };
    const before = held.sockets.receives;
    await stream(sender.transport, moved, 100);
    await held.inbox.received(120);
    expect(held.sockets.receives - before).toBeLessThan(50);
  });

  it("hears nothing after it was closed in the middle of a hold", async () => {
    const [sender, held] = [await open(0), await open(100)];
    await stream(sender.transport, held, 20);
    await held.transport.close();
    const { length } = held.inbox.texts;
    await stream(sender.transport, held, 5);
    held.transport.receiveNow?.();
    expect(held.inbox.texts.length).toBe(length);
    expect(held.sockets.stillOpen).toEqual([]);
  });

  it("says what it expects of a hold", async () => {
    const { transport } = await open(0);
    for (const bad of [-1, 101, Number.NaN]) {
      expect(() => transport.holdReceive?.(bad)).toThrow(`"holdMs" expected 0..100, got ${bad}`);
    }
  });
});

/** Keeps the thread busy, so that nothing is read. */
function block(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

describe.runIf(isAvailable)("what a datagram has waited", () => {
  /** Kept open: the kernel begins to stamp some time after a first socket asks for it, and ends with the last one. */
  let stamping: DatagramTransport[] = [];

  beforeAll(async () => {
    const [sender, held] = [await open(0), await open(50)];
    stamping = opened.splice(0);
    for (let tries = 0; tries < 200; tries++) {
      sendAll(sender.transport, ["stamped?", held.address]);
      block(2);
      held.transport.receiveNow?.();
      if ((held.inbox.waitedMs.at(-1) ?? 0) > 1) return;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new Error("the kernel stamps nothing");
  });

  afterAll(() => Promise.all(stamping.map((transport) => transport.close())));

  it("is told to whoever can wait: in order, and no more than it can have been", async () => {
    let leastMs = 0;
    // A machine with other work may let a datagram arrive some time after it was sent: not every time.
    for (let tries = 0; tries < 20 && leastMs <= 19; tries++) {
      const [sender, held] = [await open(0), await open(50)];
      const fromMs = performance.now();
      for (const text of ["first", "second"]) {
        sendAll(sender.transport, [text, held.address]);
        block(20);
      }
      held.transport.receiveNow?.();
      const passedMs = performance.now() - fromMs;
      const [first = -1, second = -1] = held.inbox.waitedMs;
      expect(held.inbox.texts).toEqual(["first", "second"]);
      expect(first).toBeLessThanOrEqual(passedMs);
      expect(second).toBeLessThanOrEqual(first);
      leastMs = Math.min(second, first - second);
    }
    expect(leastMs).toBeGreaterThan(19);
  });

  it("is right as well for what comes after a receiver asked the system for something else", async () => {
    const sockets = new WatchedSockets();
    const [sender, held] = [await open(0), await open(50, sockets)];
    const [fd = -1] = sockets.descriptors;
    held.inbox.onEach = () => void sockets.option(fd, SOL_SOCKET, SO_RCVBUF);
    const fromMs = performance.now();
    sendAll(sender.transport, ["first", held.address], ["second", held.address]);
    // Far more than is asked for: a machine with other work may let a datagram arrive some time after it was sent.
    block(40);
    held.transport.receiveNow?.();
    const [first = -1, second = -1] = held.inbox.waitedMs;
    expect(second).toBeGreaterThan(9);
    expect(second).toBeLessThanOrEqual(first);
    expect(first).toBeLessThanOrEqual(performance.now() - fromMs);
  });

  it("is 0 for whoever cannot, and costs them nothing", async () => {
    const [sender, prompt] = [await open(0), await open(0)];
    sendAll(sender.transport, ["first", prompt.address]);
    block(5);
    await prompt.inbox.received(1);
    expect(prompt.inbox.waitedMs).toEqual([0]);
  });

  it.each([3600, -3600])("stays within what is possible when the clock is set by %i s", async (seconds) => {
    const sockets = new OddSockets();
    const fromMs = performance.now();
    const [sender, held] = [await open(0), await open(50, sockets)];
    sendAll(sender.transport, ["first", held.address]);
    block(20);
    sockets.clockIsAheadSeconds = seconds;
    held.transport.receiveNow?.();
    const [waitedMs = -1] = held.inbox.waitedMs;
    expect(waitedMs).toBeGreaterThanOrEqual(0);
    expect(waitedMs).toBeLessThanOrEqual(performance.now() - fromMs);
  });

  it("is not known without the kernel's help: then nothing is kept for long", async () => {
    const sockets = new OddSockets();
    sockets.offersStamps = false;
    const [sender, held] = [await open(0), await open(100, sockets)];
    const tookMs: number[] = [];
    for (let i = 0; i < 20; i++) {
      await stream(sender.transport, held, 5);
      const sentMs = performance.now();
      await held.inbox.received(5 * (i + 1));
      tookMs.push(performance.now() - sentMs);
    }
    // Not each of them: a machine with other work may let the process stand for as long.
    expect(tookMs.sort((a, b) => a - b)[10]).toBeLessThan(60);
    expect(new Set(held.inbox.waitedMs)).toEqual(new Set([0]));
  });

  it("comes with datagrams of IPv6 and with those that follow one that was too large", async (context) => {
    if (!(await hasIpv6())) return context.skip();
    const [sender, held] = [mmsgTransport(new WatchedSockets(), { host: "::1" }), new Inbox()];
    const receiver = mmsgTransport(new WatchedSockets(), { host: "::1" });
    opened.push(sender, receiver);
    receiver.holdReceive?.(50);
    const address = await receiver.open(held);
    await sender.open(new Inbox());
    const large = createSocket("udp6");
    for (let round = 0; round < 3; round++) {
      await new Promise((resolve) => large.send(new Uint8Array(3000), address.port, "::1", resolve));
      sendAll(sender, [`round ${round}`, address]);
      block(40);
      receiver.receiveNow?.();
    }
    large.close();
    expect(held.texts).toEqual(["round 0", "round 1", "round 2"]);
    for (const waitedMs of held.waitedMs) expect(waitedMs).toBeGreaterThan(9);
    expect(receiver.statistics.truncated).toBe(3);
  });
});

describe("a hold", () => {
  afterEach(realTimers);

  it("grows while reads find little, and shrinks while they find much", () => {
    fakeTimers();
    const readAtMs: number[] = [];
    let perMs = 1;
    let lastMs = performance.now();
    const poll = { watchReadable: () => undefined } as unknown as FdPoll;
    const read = (): void => {
      const nowMs = performance.now();
      readAtMs.push(nowMs);
      hold.onRead(Math.max(1, perMs * (nowMs - lastMs)), true);
      lastMs = nowMs;
    };
    const hold = new ReceiveHold(poll, read, false);
    hold.set(50);
    for (let i = 0; i < 2; i++) hold.onRead(1, true);
    const pauses = (ms: number): number[] => {
      readAtMs.length = 0;
      vi.advanceTimersByTime(ms);
      return readAtMs.slice(1).map((atMs, i) => atMs - (readAtMs[i] as number));
    };
    expect(pauses(400)).toEqual([4, 8, 16, 32, 50, 50, 50, 50, 50, 50]);
    perMs = 40;
    expect(pauses(100).slice(1, 6)).toEqual([12, 6, 3, 3, 3]);
    hold.stop();
    expect(pauses(100)).toEqual([]);
  });

  it("leaves it to a user that reads by itself more often", () => {
    fakeTimers();
    let reads = 0;
    const poll = { watchReadable: () => undefined } as unknown as FdPoll;
    const hold = new ReceiveHold(poll, () => void (reads += 1), false);
    hold.set(25);
    for (let i = 0; i < 100; i++) {
      hold.onRead(16, true);
      if (i === 50) reads = 0;
      vi.advanceTimersByTime(i === 0 ? 1 : 16);
    }
    expect(reads).toBe(0);
    hold.stop();
  });
});

describe("a hold that is made shorter", () => {
  afterEach(realTimers);

  it("is so at once, for what is kept and for what comes after", () => {
    fakeTimers();
    let isWatched = true;
    let reads = 0;
    const poll = { watchReadable: (readable: boolean) => void (isWatched = readable) } as FdPoll;
    const hold = new ReceiveHold(poll, () => void (reads += 1), false);
    hold.set(100);
    for (let i = 0; i < 2; i++) hold.onRead(1, true);
    expect(isWatched).toBe(false);
    hold.set(5);
    expect(isWatched).toBe(true);
    for (let i = 0; i < 2; i++) hold.onRead(1, true);
    expect(isWatched).toBe(false);
    vi.advanceTimersByTime(5);
    expect(reads).toBe(1);
    hold.stop();
  });
});
