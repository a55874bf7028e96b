import { SocketAddress } from "@sortie/transport";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { OwnTimers } from "../../../tests/support/own-timers.js";
import { NodeDgramTransport } from "../src/dgram-transport.js";
import type { DgramTransportOptions } from "../src/index.js";
import { hostTimers } from "../src/udp/host-timers.js";
import { fakeSockets, osError } from "./fake-socket.js";
import { Recorder } from "./recorder.js";

const PEER = SocketAddress.parse("192.0.2.9", 9);
const PEER6 = SocketAddress.parse("2001:db8::9", 9);

function make(options: DgramTransportOptions, ...bindErrors: (Error | undefined)[]) {
  const { factory, sockets } = fakeSockets(...bindErrors);
  return { transport: new NodeDgramTransport(options, factory), sockets, recorder: new Recorder() };
}

async function opened(options: DgramTransportOptions = { port: 1474 }) {
  const { transport, sockets, recorder } = make(options);
  await transport.open(recorder);
  return { transport, recorder, socket: sockets[0]!, sockets };
}

function send(transport: NodeDgramTransport, ...targets: SocketAddress[]): void {
  const batch = transport.acquireBatch();
  if (batch === undefined) throw new Error("no batch is free");
  for (const to of targets) batch.commit(10, to);
  transport.send(batch);
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("opening", () => {
  it.each(["EAFNOSUPPORT", "EADDRNOTAVAIL"])("without IPv6 (%s) the default host falls back to IPv4", async (code) => {
    const { transport, sockets, recorder } = make({ port: 1474 }, osError(code));
    const address = await transport.open(recorder);
    expect(address.toString()).toBe("0.0.0.0:1474");
    expect(sockets.map(({ type, closed }) => [type, closed])).toEqual([
      ["udp6", true],
      ["udp4", false],
    ]);
    send(transport, PEER, PEER6);
    expect(sockets[1]?.pending.map(({ host }) => host)).toEqual(["192.0.2.9"]);
    expect(transport.statistics.sendErrors).toBe(1);
    await transport.rebind();
    expect(sockets[2]?.boundTo).toMatchObject({ address: "0.0.0.0", port: 0 });
  });

  it("a failure after the fall-back names the IPv4 address", async () => {
    const { transport, recorder } = make({ port: 1474 }, osError("EAFNOSUPPORT"), osError("EADDRINUSE"));
    await expect(transport.open(recorder)).rejects.toMatchObject({
      code: "address-in-use",
      address: SocketAddress.parse("0.0.0.0", 1474),
    });
  });

  it.each<[DgramTransportOptions]>([[{ host: "::1" }], [{ ipv6Only: true }]])(
    "%o does not fall back",
    async (options) => {
      const { transport, sockets, recorder } = make(options, osError("EAFNOSUPPORT"));
      await expect(transport.open(recorder)).rejects.toMatchObject({
        code: "unsupported",
        message: 'IPv6 is not available here: use the host "0.0.0.0"',
      });
      expect(sockets.length).toBe(1);
    },
  );

  it.each([
    ["EACCES", 80, "permission", "port 80 is not permitted: ports below 1024 need privileges, choose a higher one"],
    ["EACCES", 1474, "permission", "[::]:1474 is not permitted: a firewall or sandbox forbids it"],
    ["EPERM", 0, "permission", "[::]:0 is not permitted: a firewall or sandbox forbids it"],
    ["EMFILE", 1474, "resources", "no socket left: close others or raise the limit of open files (EMFILE)"],
    ["EWEIRD", 1474, "system", "[::]:1474 could not be opened: bind EWEIRD ::"],
  ])("%s on port %i is %s", async (osCode, port, code, message) => {
    const { transport, sockets, recorder } = make({ port }, osError(osCode));
    await expect(transport.open(recorder)).rejects.toMatchObject({ code, osCode, message });
    expect(sockets[0]?.closed).toBe(true);
    await expect(transport.open(recorder)).resolves.toMatchObject({ family: 6 }); // may be tried again
  });

  it("a factory that throws is a rejection", async () => {
    const transport = new NodeDgramTransport({}, () => {
      throw osError("EMFILE");
    });
    await expect(transport.open(new Recorder())).rejects.toMatchObject({ code: "resources" });
  });

  it("buffer sizes are best effort", async () => {
    const { factory, sockets } = fakeSockets();
    const transport = new NodeDgramTransport({}, (options) => {
      const socket = factory(options);
      sockets[0]!.bufferSizeError = osError("ERR_SOCKET_BUFFER_SIZE");
      return socket;
    });
    await transport.open(new Recorder());
    expect([transport.receiveBufferBytes, transport.sendBufferBytes]).toEqual([1111, 2222]);
  });

  it("unref lets the process end", async () => {
    expect((await opened()).socket.unrefs).toBe(0);
    expect((await opened({ unref: true })).socket.unrefs).toBe(1);
  });

  it("a failed rebind leaves the old socket at work", async () => {
    const { transport, sockets, recorder } = make({ port: 1474 }, undefined, osError("EMFILE"));
    await transport.open(recorder);
    await expect(transport.rebind()).rejects.toMatchObject({ code: "resources" });
    expect(transport.localAddress?.port).toBe(1474);
    sockets[0]?.receive("still here");
    expect(recorder.log).toEqual(["datagram still here from 192.0.2.9:9"]);
  });
});

describe("T37: errors of the socket", () => {
  it.each(["ECONNRESET", "ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH"])(
    "%s is about one peer: counted",
    async (code) => {
      const { transport, socket, recorder } = await opened();
      for (let i = 0; i < 100; i++) socket.emit("error", osError(code, `recvmsg ${code}`));
      expect(recorder.errors).toEqual([]);
      expect(transport.statistics.receiveErrors).toBe(100);
      socket.receive("alive");
      expect(recorder.log).toEqual(["datagram alive from 192.0.2.9:9"]);
    },
  );

  it("others are counted and reported, and the transport goes on", async () => {
    const { transport, socket, recorder } = await opened();
    socket.emit("error", osError("ENOMEM", "recvmsg ENOMEM"));
    expect(recorder.errors).toMatchObject([
      { code: "resources", osCode: "ENOMEM", message: "the socket failed: recvmsg ENOMEM" },
    ]);
    expect(transport.statistics.receiveErrors).toBe(1);
    socket.receive("alive");
    expect(recorder.log).toEqual(["error resources", "datagram alive from 192.0.2.9:9"]);
  });

  it.each(["EMSGSIZE", "ENETUNREACH", "EHOSTUNREACH", "ECONNREFUSED", "ENOBUFS", "EPERM", "EAGAIN", "EINVAL"])(
    "%s of a send is counted and not reported",
    async (code) => {
      const { transport, socket, recorder } = await opened();
      send(transport, PEER, PEER, PEER);
      socket.complete();
      socket.complete(osError(code, `send ${code}`));
      socket.complete();
      expect(transport.statistics).toMatchObject({ datagramsSent: 2, bytesSent: 20, sendErrors: 1 });
      expect(recorder.errors).toEqual([]);
    },
  );

  it("a send that finds the socket gone is reported, once for the batch", async () => {
    const { transport, socket, recorder } = await opened();
    send(transport, PEER, PEER);
    socket.complete(osError("EBADF"));
    socket.complete(osError("EBADF"));
    expect(recorder.errors).toMatchObject([{ code: "closed", osCode: "EBADF" }]);
    expect(transport.statistics.sendErrors).toBe(2);
  });

  it("a send that throws is counted, and the batch comes back", async () => {
    const { transport, socket } = await opened({ batches: 1 });
    socket.sendThrows = osError("ERR_SOCKET_DGRAM_NOT_RUNNING");
    send(transport, PEER, PEER);
    expect(transport.statistics.sendErrors).toBe(2);
    expect(transport.acquireBatch()).toBeDefined();
  });

  it("sources that cannot be answered are dropped and counted", async () => {
    const { transport, socket, recorder } = await opened();
    socket.receive("x", { port: 0 });
    socket.receive("x", { address: "" });
    expect(recorder.log).toEqual([]);
    expect(transport.statistics).toMatchObject({ receiveErrors: 2, datagramsReceived: 0 });
  });
});

describe("sending", () => {
  it("a dual-stack socket sends to IPv4 by its mapped form", async () => {
    const { transport, socket } = await opened();
    send(transport, PEER, PEER6, SocketAddress.parse("fe80::1%eth0", 9));
    expect(socket.pending.map(({ host }) => host)).toEqual(["::ffff:192.0.2.9", "2001:db8::9", "fe80::1%eth0"]);
  });

  it("a batch is free only when its last datagram is done, and onWritable comes in a later turn", async () => {
    const { transport, socket, recorder } = await opened({ batches: 1 });
    send(transport, PEER, PEER);
    expect(transport.acquireBatch()).toBeUndefined();
    socket.complete();
    expect(transport.acquireBatch()).toBeUndefined();
    socket.complete();
    expect(recorder.log).toEqual([]);
    await turn();
    expect(recorder.log).toEqual(["writable"]);
    expect(transport.acquireBatch()).toBeDefined();
  });

  it("a batch can go round many times with the same callback", async () => {
    const { transport, socket } = await opened({ batches: 1 });
    const callbacks = new Set<unknown>();
    for (let round = 0; round < 5; round++) {
      send(transport, PEER, PEER);
      for (const { callback } of socket.pending) callbacks.add(callback);
      socket.complete();
      socket.complete();
    }
    expect(callbacks.size).toBe(1);
    expect(transport.statistics.datagramsSent).toBe(10);
  });
});

describe("batches of received datagrams", () => {
  it("end once for each turn of the event loop", async () => {
    const { socket, recorder } = await opened();
    socket.receive("a");
    socket.receive("b");
    expect(recorder.log.length).toBe(2);
    await turn();
    socket.receive("c");
    await turn();
    expect(recorder.log.map((entry) => entry.slice(0, 10))).toEqual([
      "datagram a",
      "datagram b",
      "batch end",
      "datagram c",
      "batch end",
    ]);
  });

  it("end also where the receiver threw", async () => {
    const { socket, recorder } = await opened();
    recorder.onDatagram = () => {
      throw new Error("receiver");
    };
    expect(() => socket.receive("a")).toThrow("receiver");
    await turn();
    expect(recorder.log).toEqual(["batch end"]);
  });

  it("end before close resolves; nothing comes after", async () => {
    const { transport, socket, recorder } = await opened();
    socket.receive("a");
    await transport.close();
    const heard = [...recorder.log];
    expect(heard.at(-1)).toBe("batch end");
    socket.receive("late");
    socket.emit("error", osError("ENOMEM"));
    await turn();
    expect(recorder.log).toEqual(heard);
  });
});

describe("closing", () => {
  const own = { ...hostTimers };
  let timers: OwnTimers;

  beforeEach(() => {
    timers = new OwnTimers("/packages/transport-dgram/src/", { toFake: ["setTimeout", "clearTimeout"] });
    Object.assign(hostTimers, { setTimeout, clearTimeout });
  });

  afterEach(() => {
    timers.restore();
    Object.assign(hostTimers, own);
  });

  it("waits for what was sent", async () => {
    const { transport, socket } = await opened();
    send(transport, PEER, PEER);
    let closed = false;
    const closing = transport.close().then(() => (closed = true));
    socket.complete();
    await turn();
    expect([closed, socket.closed]).toEqual([false, false]);
    socket.complete();
    await closing;
    expect(socket.closed).toBe(true);
    expect(transport.statistics.datagramsSent).toBe(2);
  });

  it("gives up after a second on a system that takes nothing", async () => {
    const { transport, socket } = await opened();
    send(transport, PEER);
    const closing = transport.close();
    await turn();
    vi.advanceTimersByTime(999);
    await turn();
    expect(socket.closed).toBe(false);
    vi.advanceTimersByTime(1);
    await closing;
    expect(socket.closed).toBe(true);
    socket.complete(osError("ECANCELED"));
    expect(transport.statistics.sendErrors).toBe(1);
  });

  it("a send that completes stops the wait and its timer", async () => {
    const { transport, socket } = await opened();
    send(transport, PEER);
    const closing = transport.close();
    await turn();
    expect(timers.count).toBe(1);
    socket.complete();
    await closing;
    expect(timers.count).toBe(0);
  });
});
