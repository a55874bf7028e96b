import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type DatagramTransport, SocketAddress, TransportError } from "@sortie/transport";
import { afterEach, describe, expect, it } from "vitest";
import { onPortAside } from "../../../tests/support/port-aside.js";
import { hasReusePort, reusePortUnsupported } from "../src/bound-socket.js";
import { createDgramTransport, type DgramTransport, type DgramTransportOptions } from "../src/index.js";
import { hasIpv6 } from "./has-ipv6.js";
import { Recorder } from "./recorder.js";

const opened: DatagramTransport[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((transport) => transport.close()));
});

async function open(options: DgramTransportOptions = {}) {
  const transport = createDgramTransport(options);
  opened.push(transport);
  const recorder = new Recorder();
  const address = await transport.open(recorder);
  return { transport, recorder, address, port: address.port };
}

function send(transport: DgramTransport, text: string, ...targets: SocketAddress[]): void {
  const batch = transport.acquireBatch();
  if (batch === undefined) throw new Error("no batch is free");
  const bytes = new TextEncoder().encode(text);
  for (const to of targets) {
    batch.buffer.set(bytes, batch.reserve());
    batch.commit(bytes.length, to);
  }
  transport.send(batch);
}

const ipv6 = hasIpv6();

describe("receiveSoon", () => {
  /** Datagrams that wait in the socket of a transport that has not been read. */
  async function flooded(count: number) {
    const from = await open({ host: "127.0.0.1" });
    const to = await open({ host: "127.0.0.1" });
    for (let sent = 0; sent < count; sent += 64) send(from.transport, "x", ...new Array(64).fill(to.address));
    expect(from.transport.statistics.datagramsSent + to.recorder.sources.length).toBe(0); // nothing has run yet
    return to;
  }

  it("tells when nothing is left, after as many turns as it takes", async () => {
    const { transport, recorder } = await flooded(320);
    await new Promise<void>((resolve) => expect(transport.receiveSoon?.(60_000, resolve)).toBe(true));
    expect(recorder.sources).toHaveLength(320);
  });

  it("tells after the time that it is given, and once", async () => {
    const { transport, recorder } = await flooded(320);
    let calls = 0;
    await new Promise<void>((resolve) =>
      transport.receiveSoon?.(0, () => {
        calls += 1;
        resolve();
      }),
    );
    expect(recorder.sources.length).toBeLessThan(320);
    while (recorder.sources.length < 320) await new Promise((resolve) => setImmediate(resolve));
    expect(calls).toBe(1);
  });

  it("tells when the transport is closed meanwhile, and refuses where it is not open", async () => {
    const { transport } = await flooded(320);
    const told = new Promise<void>((resolve) => transport.receiveSoon?.(5000, resolve));
    await transport.close();
    await told;
    expect(transport.receiveSoon?.(5000, () => {})).toBe(false);
  });
});

describe("createDgramTransport: options", () => {
  it.each<[DgramTransportOptions, string]>([
    [{ host: "localhost" }, '"host" expected an IPv4 or IPv6 address, got "localhost"'],
    [{ port: 70_000 }, '"port" expected an integer in 0..65535, got 70000'],
    [{ port: "1474" as never }, '"port" expected an integer in 0..65535, got "1474"'],
    [{ port: null as never }, '"port" expected an integer in 0..65535, got null'],
    [{ host: null as never }, '"host" expected an IPv4 or IPv6 address, got null'],
    [{ batches: "8" as never }, '"batches" expected an integer in 1..1024, got "8"'],
    [{ receiveBufferBytes: 0 }, '"receiveBufferBytes" expected an integer in 1..1073741823, got 0'],
    [{ sendBufferBytes: 1.5 }, '"sendBufferBytes" expected an integer in 1..1073741823, got 1.5'],
    [{ batches: 0 }, '"batches" expected an integer in 1..1024, got 0'],
    [{ host: "127.0.0.1", ipv6Only: true }, '"host" expected an IPv6 address with "ipv6Only", got "127.0.0.1"'],
  ])("refuses %o", (options, message) => {
    expect(() => createDgramTransport(options)).toThrow(new RangeError(message));
  });

  it.each<[options: unknown, message: string]>([
    [{ prot: 1474 }, '"options" expected only host, port, receiveBufferBytes, sendBufferBytes, ipv6Only, '],
    [{ PORT: 1474 }, '"options" expected "port", got "PORT"'],
    [{ segmentation: true }, 'got "segmentation"'],
    [{ reusePort: "yes" }, '"reusePort" expected a boolean, got "yes"'],
    [{ unref: null }, '"unref" expected a boolean, got null'],
    [null, '"options" expected an object, got null'],
    [1474, '"options" expected an object, got 1474'],
  ])("refuses %j", (options, message) => {
    const create = (): unknown => createDgramTransport(options as DgramTransportOptions);
    expect(create).toThrow(TypeError);
    expect(create).toThrow(message);
  });

  it("batches sets how many there are", () => {
    const transport = createDgramTransport({ batches: 3 });
    const batches = [transport.acquireBatch(), transport.acquireBatch(), transport.acquireBatch()];
    expect(batches.every((batch) => batch !== undefined)).toBe(true);
    expect(transport.acquireBatch()).toBeUndefined();
  });

  it("asks for socket buffers and shows what was granted", async () => {
    const small = await open({ host: "127.0.0.1", receiveBufferBytes: 65_536, sendBufferBytes: 65_536 });
    const large = await open({ host: "127.0.0.1", receiveBufferBytes: 131_072, sendBufferBytes: 131_072 });
    expect(small.transport.receiveBufferBytes).toBeGreaterThanOrEqual(65_536);
    expect(large.transport.receiveBufferBytes).toBeGreaterThan(small.transport.receiveBufferBytes as number);
    expect(large.transport.sendBufferBytes).toBeGreaterThan(small.transport.sendBufferBytes as number);
    await small.transport.close();
    expect(small.transport.receiveBufferBytes).toBeUndefined();
  });
});

describe("DgramTransport: open fails", () => {
  it("says that a port is in use and what to do", async () => {
    const first = await open({ host: "127.0.0.1" });
    const second = createDgramTransport({ host: "127.0.0.1", port: first.port });
    const error = await second.open(new Recorder()).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TransportError);
    expect(error).toMatchObject({
      code: "address-in-use",
      osCode: "EADDRINUSE",
      message: `port ${first.port} is in use: another server runs there, or choose another port`,
      address: SocketAddress.parse("127.0.0.1", first.port),
    });
  });

  it("says that an address is not of this machine", async () => {
    const transport = createDgramTransport({ host: "203.0.113.1" });
    await expect(transport.open(new Recorder())).rejects.toMatchObject({
      code: "address-not-available",
      osCode: "EADDRNOTAVAIL",
      message: '203.0.113.1 is not an address of this machine: use one that is, or "::" or "0.0.0.0" for all of them',
    });
  });
});

describe("DgramTransport: families", () => {
  it.runIf(ipv6)("one dual-stack socket serves both; IPv4 sources are canonical and can be answered", async () => {
    const server = await open();
    const v4 = await open({ host: "127.0.0.1" });
    const v6 = await open({ host: "::1" });
    expect(server.address.host).toBe("::");
    send(v4.transport, "four", SocketAddress.parse("127.0.0.1", server.port));
    await server.recorder.entries(2);
    send(v6.transport, "six", SocketAddress.parse("::1", server.port));
    await server.recorder.entries(4);
    expect(server.recorder.log).toEqual([
      `datagram four from 127.0.0.1:${v4.port}`,
      "batch end",
      `datagram six from [::1]:${v6.port}`,
      "batch end",
    ]);
    send(server.transport, "back", ...server.recorder.sources);
    expect((await v4.recorder.entries(1))[0]).toBe(`datagram back from 127.0.0.1:${server.port}`);
    expect((await v6.recorder.entries(1))[0]).toBe(`datagram back from [::1]:${server.port}`);
  });

  it.runIf(ipv6)("ipv6Only takes no IPv4 and counts IPv4 targets as send errors", async () => {
    // Of a port that the system gives to no IPv6 socket of another test.
    const v4 = await onPortAside((port) => open({ host: "127.0.0.1", port }));
    const server = await open({ ipv6Only: true, port: v4.port }); // the IPv4 port needs not be free
    send(server.transport, "x", SocketAddress.parse("127.0.0.1", v4.port), SocketAddress.parse("::1", server.port));
    expect((await server.recorder.entries(1))[0]).toBe(`datagram x from [::1]:${server.port}`);
    expect(server.transport.statistics.sendErrors).toBe(1);
    expect(v4.transport.statistics.datagramsReceived).toBe(0);
  });

  it("an IPv4 socket counts IPv6 targets as send errors", async () => {
    const server = await open({ host: "0.0.0.0" });
    send(server.transport, "x", SocketAddress.parse("::1", 9), SocketAddress.parse("127.0.0.1", server.port));
    expect((await server.recorder.entries(1))[0]).toBe(`datagram x from 127.0.0.1:${server.port}`);
    expect(server.transport.statistics).toMatchObject({ sendErrors: 1, datagramsSent: 1 });
  });

  it("a mapped host is its IPv4 host", async () => {
    const { address } = await open({ host: "::ffff:127.0.0.1" });
    expect(address.host).toBe("127.0.0.1");
  });
});

describe("DgramTransport: the network's faults", () => {
  it("T37: refused, oversized and forbidden targets are counted and end nothing", async () => {
    const { transport, recorder, port } = await open({ host: "127.0.0.1" });
    const closed = await onPortAside((port) => open({ host: "127.0.0.1", port }));
    await closed.transport.close();
    const me = SocketAddress.parse("127.0.0.1", port);
    for (let i = 0; i < 3; i++) {
      send(
        transport,
        "x",
        SocketAddress.parse("127.0.0.1", closed.port), // ICMP port unreachable
        SocketAddress.parse("255.255.255.255", 9), // EACCES without SO_BROADCAST
        SocketAddress.parse("203.0.113.1", 9), // a loopback source cannot leave the machine
        me,
      );
    }
    while (recorder.log.filter((entry) => entry.startsWith("datagram")).length < 3) {
      await recorder.entries(recorder.log.length + 1);
    }
    const { datagramsSent, sendErrors } = transport.statistics;
    expect(datagramsSent + sendErrors).toBe(12);
    expect(sendErrors).toBeGreaterThanOrEqual(3);
    expect(recorder.errors).toEqual([]);
  });

  it("T21: garbage of every size arrives whole and untouched: 0, 1 and 65507 bytes", async () => {
    const { recorder, port, transport } = await open({ host: "127.0.0.1" });
    const stranger = createSocket("udp4");
    for (const size of [0, 1, 65_507]) stranger.send(new Uint8Array(size), port, "127.0.0.1");
    while (transport.statistics.datagramsReceived < 3) await recorder.entries(recorder.log.length + 1);
    stranger.close();
    await once(stranger, "close");
    expect(transport.statistics).toMatchObject({ bytesReceived: 65_508, truncated: 0, receiveErrors: 0 });
  });
});

describe("DgramTransport: batches", () => {
  it("datagrams that wait together are one batch", async () => {
    const a = await open({ host: "127.0.0.1" });
    const b = await open({ host: "127.0.0.1" });
    send(a.transport, "x", ...Array.from({ length: 20 }, () => b.address));
    while (b.transport.statistics.datagramsReceived < 20) await b.recorder.entries(b.recorder.log.length + 1);
    await b.recorder.entries(21);
    const ends = b.recorder.log.filter((entry) => entry === "batch end").length;
    expect(ends).toBeLessThan(20);
    expect(b.recorder.log.at(-1)).toBe("batch end");
  });

  it("need no end while nobody waits for it, and have one as soon as somebody does", async () => {
    const a = await open({ host: "127.0.0.1" });
    const b = await open({ host: "127.0.0.1" });
    b.recorder.awaitsEnd = (text) => text === "answer me";
    send(a.transport, "later", b.address, b.address);
    await b.recorder.entries(2);
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(b.recorder.log.filter((entry) => entry === "batch end")).toEqual([]);
    send(a.transport, "answer me", b.address);
    send(a.transport, "later", b.address);
    const log = await b.recorder.entries(5);
    expect(log.at(-1)).toBe("batch end");
  });

  it("a source that is heard again is the same object", async () => {
    const a = await open({ host: "127.0.0.1" });
    const b = await open({ host: "127.0.0.1" });
    send(a.transport, "x", b.address, b.address);
    while (b.recorder.sources.length < 2) await b.recorder.entries(b.recorder.log.length + 1);
    expect(b.recorder.sources[1]).toBe(b.recorder.sources[0]);
  });
});

describe("DgramTransport: resolve", () => {
  it("gives literal addresses themselves, with their zone", async () => {
    const transport = createDgramTransport();
    await expect(transport.resolve("::ffff:192.0.2.7")).resolves.toEqual(["192.0.2.7"]);
    await expect(transport.resolve("FE80::1%eth0")).resolves.toEqual(["fe80::1%eth0"]);
  });

  it("finds the addresses of localhost that the socket can send to", async () => {
    const transport = createDgramTransport({ host: "0.0.0.0" });
    await expect(transport.resolve("localhost")).resolves.toContain("127.0.0.1");
    await expect(transport.resolve("localhost")).resolves.not.toContain("::1");
  });

  it("rejects with name-not-found", async () => {
    // A label above 63 bytes (RFC 1035 section 2.3.4) fails without asking a server.
    const transport = createDgramTransport();
    await expect(transport.resolve(`${"a".repeat(64)}.invalid`)).rejects.toMatchObject({ code: "name-not-found" });
    await expect(transport.resolve("")).rejects.toMatchObject({ code: "name-not-found" });
  });
});

describe("DgramTransport: rebind", () => {
  it("sends what waits on the old socket before it goes", async () => {
    const a = await open({ host: "127.0.0.1" });
    const b = await open({ host: "127.0.0.1" });
    send(a.transport, "old", b.address);
    const moved = await a.transport.rebind();
    send(a.transport, "new", b.address);
    while (b.recorder.sources.length < 2) await b.recorder.entries(b.recorder.log.length + 1);
    expect(b.recorder.sources.map(({ port }) => port).sort()).toEqual([a.port, moved.port].sort());
  });

  it("frees the old port, and close waits for it", async () => {
    const a = await onPortAside((port) => open({ host: "127.0.0.1", port }));
    await a.transport.rebind();
    await a.transport.close();
    await expect(open({ host: "127.0.0.1", port: a.port })).resolves.toMatchObject({ port: a.port });
  });

  it("two at once are one move", async () => {
    const a = await open({ host: "127.0.0.1" });
    const [first, second] = await Promise.all([a.transport.rebind(), a.transport.rebind()]);
    expect(first.equals(second)).toBe(true);
    expect(a.transport.localAddress?.equals(first)).toBe(true);
  });

  it("close while it moves leaves nothing open", async () => {
    const a = await open({ host: "127.0.0.1" });
    const moving = a.transport.rebind();
    const closing = a.transport.close();
    await expect(moving).rejects.toMatchObject({ code: "closed" });
    await closing;
    expect(a.transport.localAddress).toBeUndefined();
  });
});

describe("DgramTransport: reusePort", () => {
  it.each([
    ["20.19.0", false],
    ["22.11.0", false],
    ["22.12.0", true],
    ["23.0.0", false],
    ["23.1.0", true],
    ["24.0.0", true],
    ["26.1.0", true],
  ])("Node %s: %s", (version, has) => expect(hasReusePort(version)).toBe(has));

  it("says what helps: a newer Node, or koffi in the version that the batched transport takes", async () => {
    const manifest = await readFile(new URL("../../transport-mmsg/package.json", import.meta.url), "utf8");
    const { koffi } = (JSON.parse(manifest) as { peerDependencies: { koffi: string } }).peerDependencies;
    const { code, message } = reusePortUnsupported(SocketAddress.parse("127.0.0.1", 1474), "20.19.0");
    expect(code).toBe("unsupported");
    expect(message).toContain("expected Node 22.12 or newer with node:dgram, got 20.19.0");
    expect(message).toContain("use @sortie/transport-mmsg on Linux");
    expect(message).toContain(`npm install koffi@${koffi}`);
    expect(message).toContain("cluster");
  });

  it.runIf(process.platform === "linux")("two sockets share a port, or open says that this Node cannot", async () => {
    const first = open({ host: "127.0.0.1", reusePort: true });
    if (hasReusePort(process.versions.node)) {
      const { port } = await first;
      await expect(open({ host: "127.0.0.1", port, reusePort: true })).resolves.toMatchObject({ port });
      await expect(open({ host: "127.0.0.1", port })).rejects.toMatchObject({ code: "address-in-use" });
    } else {
      await expect(first).rejects.toMatchObject({ code: "unsupported" });
    }
  });
});
