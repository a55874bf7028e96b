import type { DatagramTransport } from "@sortie/transport";
import { afterEach, describe, expect, it, vi } from "vitest";
import { mmsgTransport } from "../src/create-mmsg-transport.js";
import type { FdPoll } from "../src/fd-poll.js";
import { ReceiveHold } from "../src/receive-hold.js";
import { Inbox, isAvailable, sendAll, WatchedSockets } from "./support.js";

const LOOPBACK = "127.0.0.1";
const opened: DatagramTransport[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((transport) => transport.close()));
});

/** Counts the receive calls of the system. */
class CountingSockets extends WatchedSockets {
  receives = 0;

  override receive(fd: number, headers: number, slots: number): number {
    this.receives += 1;
    return super.receive(fd, headers, slots);
  }
}

async function open(holdMs: number, sockets = new CountingSockets()) {
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

describe("a hold that is made shorter", () => {
  afterEach(() => void vi.useRealTimers());

  it("is so at once, for what is kept and for what comes after", () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
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
