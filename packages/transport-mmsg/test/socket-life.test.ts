import { fork } from "node:child_process";
import { once } from "node:events";
import type { DatagramTransport } from "@sortie/transport";
import { afterEach, describe, expect, it } from "vitest";
import { onPortAside } from "../../../tests/support/port-aside.js";
import { mmsgTransport } from "../src/create-mmsg-transport.js";
import { createMmsgTransport } from "../src/index.js";
import { AF_INET } from "../src/linux-abi.js";
import { NativeMemory } from "../src/native-memory.js";
import { Inbox, isAvailable, koffi, sendAll, WatchedSockets } from "./support.js";

const LOOPBACK = "127.0.0.1";
const opened: DatagramTransport[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((transport) => transport.close()));
});

async function open(sockets?: WatchedSockets, port = 0) {
  const options = { host: LOOPBACK, port };
  const transport = sockets === undefined ? createMmsgTransport(options) : mmsgTransport(sockets, options);
  opened.push(transport);
  const inbox = new Inbox();
  return { transport, inbox, address: await transport.open(inbox) };
}

describe.runIf(isAvailable)("descriptors", () => {
  it("open, rebind and close leave none behind, nor does an open that fails", async () => {
    const sockets = new WatchedSockets();
    const first = await open();
    for (let i = 0; i < 50; i++) {
      const transport = mmsgTransport(sockets, { host: LOOPBACK });
      await transport.open(new Inbox());
      await transport.rebind();
      const refused = mmsgTransport(sockets, { host: LOOPBACK, port: first.address.port });
      await expect(refused.open(new Inbox())).rejects.toMatchObject({ code: "address-in-use" });
      await Promise.all([transport.close(), refused.close()]);
    }
    expect(sockets.descriptors.length).toBe(150);
    expect(sockets.stillOpen).toEqual([]);
  });

  it("close in the middle of a batch ends it: nothing more is heard, nothing stays open", async () => {
    const sockets = new WatchedSockets();
    const [a, b] = [await open(), await open(sockets)];
    expect(sockets.stillOpen.length).toBe(1);
    b.inbox.onEach = () => void b.transport.close();
    sendAll(a.transport, ...Array.from({ length: 10 }, (_, i) => [String(i), b.address] as const));
    await b.inbox.received(1);
    await b.transport.close();
    expect(b.inbox.texts).toEqual(["0"]);
    expect(b.inbox.batches).toBe(1);
    expect(sockets.stillOpen).toEqual([]);
  });

  it("are not inherited by child processes", async () => {
    const sockets = new WatchedSockets();
    await open(sockets);
    const list = `const { readdirSync, readlinkSync } = require("fs");
      for (const fd of readdirSync("/proc/self/fd")) try { process.send(readlinkSync("/proc/self/fd/" + fd)); } catch {}`;
    const child = fork("-", { execArgv: ["-e", list], stdio: "ignore" });
    const inherited: string[] = [];
    child.on("message", (link) => inherited.push(String(link)));
    // Not only its end: what it said may be read later than that is told.
    await once(child, "close");
    expect(inherited.length).toBeGreaterThan(0);
    expect(sockets.stillOpen.filter((name) => inherited.includes(name))).toEqual([]);
    expect(sockets.stillOpen.length).toBe(1);
  });
});

describe.runIf(isAvailable)("faults of the socket", () => {
  it("an error that the loop stops watching for does not end the socket", async () => {
    const sockets = new WatchedSockets();
    const [a, gone] = [await open(sockets), await onPortAside((port) => open(undefined, port))];
    await gone.transport.close();
    // Only a connected socket hears of ICMP errors unasked; libuv stops a poll handle on such an error (POLLERR).
    const system = koffi();
    const connect = system.load(null).func("connect", "int", ["int", "uintptr_t", "uint32_t"]);
    const name = new NativeMemory(system, 32);
    const words = name.words(0, 8);
    words[0] = AF_INET | ((gone.address.port & 0xff) << 24) | ((gone.address.port & 0xff00) << 8);
    words[1] = 0x0100_007f;
    const fd = sockets.descriptors[0]!;
    expect(connect(fd, name.address, 16)).toBe(0);
    for (let round = 1; round <= 3; round++) {
      sendAll(a.transport, ["to nobody", gone.address]);
      while (a.transport.statistics.receiveErrors < round) await new Promise((resolve) => setImmediate(resolve));
    }
    words[0] = 0; // AF_UNSPEC: unconnected again
    expect(connect(fd, name.address, 16)).toBe(0);
    const other = await open();
    sendAll(a.transport, ["still there", other.address]);
    await other.inbox.received(1);
    sendAll(other.transport, ["hears too", other.inbox.sources[0]!]);
    await a.inbox.received(1);
    expect(a.inbox.texts).toEqual(["hears too"]);
    expect(a.inbox.errors).toEqual([]);
  });

  it("a receiver that throws loses no other datagram", async () => {
    const [a, b] = [await open(), await open()];
    const thrown: unknown[] = [];
    const others = process.listeners("uncaughtException");
    const note = (error: Error): void => void thrown.push(error);
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", note);
    try {
      b.inbox.onEach = (payload) => {
        if (payload[0]! % 3 === 2) throw new Error(`no ${payload[0]}`);
      };
      sendAll(a.transport, ...Array.from({ length: 12 }, (_, i) => [Uint8Array.of(i), b.address] as const));
      await b.inbox.until(() => b.inbox.payloads.length === 12);
      expect(b.inbox.payloads.map(([first]) => first)).toEqual(Array.from({ length: 12 }, (_, i) => i));
      expect(thrown.map(String)).toEqual([2, 5, 8, 11].map((i) => `Error: no ${i}`));
    } finally {
      process.off("uncaughtException", note);
      for (const other of others) process.on("uncaughtException", other);
    }
  });

  it("promises of a receiver go on at once, not with the next event", async () => {
    const [a, b] = [await open(), await open()];
    const order: string[] = [];
    b.inbox.onEach = () => {
      setTimeout(() => order.push("timer"), 0);
      void Promise.resolve().then(() => order.push("promise"));
      process.nextTick(() => order.push("tick"));
    };
    sendAll(a.transport, ["x", b.address]);
    await b.inbox.received(1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(order.at(-1)).toBe("timer");
    expect(order.length).toBe(3);
  });
});
