import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type DatagramTransport, SocketAddress } from "@sortie/transport";
import { createDgramTransport } from "@sortie/transport-dgram";
import { afterEach, describe, expect, it } from "vitest";
import { onPortAside } from "../../../tests/support/port-aside.js";
import { createMmsgTransport, type MmsgTransportOptions } from "../src/index.js";
import { hasIpv6, Inbox, isAvailable, sendAll } from "./support.js";

const LOOPBACK = "127.0.0.1";
const opened: DatagramTransport[] = [];
const ipv6 = await hasIpv6();

afterEach(async () => {
  await Promise.all(opened.splice(0).map((transport) => transport.close()));
});

async function open(options: MmsgTransportOptions = { host: LOOPBACK }) {
  const transport = createMmsgTransport(options);
  opened.push(transport);
  const inbox = new Inbox();
  const address = await transport.open(inbox);
  return { transport, inbox, address, port: address.port };
}

const at = (host: string, port: number): SocketAddress => SocketAddress.parse(host, port);

describe.runIf(isAvailable)("options", () => {
  it.each<[MmsgTransportOptions, string]>([
    [{ host: "localhost" }, '"host" expected an IPv4 or IPv6 address, got "localhost"'],
    [{ port: -1 }, '"port" expected an integer in 0..65535, got -1'],
    [{ sendBufferBytes: 0 }, '"sendBufferBytes" expected an integer in 1..1073741823, got 0'],
    [{ batches: 1025 }, '"batches" expected an integer in 1..1024, got 1025'],
  ])("refuses %o", (options, message) => {
    expect(() => createMmsgTransport(options)).toThrow(new RangeError(message));
  });

  it("refuses what there is not", () => {
    expect(() => createMmsgTransport({ prot: 1474 } as object)).toThrow(/^"options" expected only .* got "prot"$/);
    expect(() => createMmsgTransport({ onFallback: () => {} } as object)).toThrow('got "onFallback"');
    expect(() => createMmsgTransport({ segmentation: 0 as never })).toThrow('"segmentation" expected a boolean, got 0');
  });

  it("asks for socket buffers and shows what was granted", async () => {
    const small = await open({ host: LOOPBACK, receiveBufferBytes: 65_536, sendBufferBytes: 65_536 });
    expect(small.transport.receiveBufferBytes).toBe(131_072); // Linux reports twice what was asked for
    expect(small.transport.sendBufferBytes).toBe(131_072);
    await small.transport.close();
    expect(small.transport.receiveBufferBytes).toBeUndefined();
  });

  it("reusePort shares a port on every Node, and keeps a peer with its socket", async () => {
    const first = await open({ host: LOOPBACK, reusePort: true });
    const second = await open({ host: LOOPBACK, port: first.port, reusePort: true });
    const peers = await Promise.all(Array.from({ length: 16 }, () => open()));
    for (let round = 0; round < 4; round++) {
      for (const peer of peers) sendAll(peer.transport, [String(peer.port), first.address]);
      const arrived = (): number => first.inbox.payloads.length + second.inbox.payloads.length;
      while (arrived() < (round + 1) * peers.length) await new Promise((resolve) => setImmediate(resolve));
    }
    for (const { inbox } of [first, second]) {
      const ports = inbox.sources.map(({ port }) => port);
      expect(ports.length).toBe(new Set(ports).size * 4); // all four of a peer, or none
      expect(inbox.texts).toEqual(ports.map(String));
    }
    await expect(open({ host: LOOPBACK, port: first.port })).rejects.toMatchObject({ code: "address-in-use" });
  });
});

describe.runIf(isAvailable)("open fails", () => {
  it("says that a port is in use and what to do, and may be tried again", async () => {
    const first = await onPortAside((port) => open({ host: LOOPBACK, port }));
    const second = createMmsgTransport({ host: LOOPBACK, port: first.port });
    opened.push(second);
    await expect(second.open(new Inbox())).rejects.toMatchObject({
      code: "address-in-use",
      osCode: "EADDRINUSE",
      message: `port ${first.port} is in use: another server runs there, or choose another port`,
    });
    await first.transport.close();
    await expect(second.open(new Inbox())).resolves.toMatchObject({ port: first.port });
  });

  it.each([
    ["203.0.113.1", "EADDRNOTAVAIL"],
    ["2001:db8::1", "EADDRNOTAVAIL"],
    ["fe80::1%nosuchinterface", "EADDRNOTAVAIL"],
  ])("says that %s is not an address of this machine", async (host, osCode) => {
    await expect(open({ host })).rejects.toMatchObject({ code: "address-not-available", osCode });
  });
});

describe.runIf(isAvailable && ipv6)("families", () => {
  it("one dual-stack socket serves both; IPv4 sources are canonical and can be answered", async () => {
    const server = await open({});
    const [v4, v6] = [await open(), await open({ host: "::1" })];
    expect(server.address.host).toBe("::");
    sendAll(v4.transport, ["four", at(LOOPBACK, server.port)]);
    sendAll(v6.transport, ["six", at("::1", server.port)]);
    await server.inbox.received(2);
    expect(server.inbox.sources.map(String).sort()).toEqual([`${LOOPBACK}:${v4.port}`, `[::1]:${v6.port}`]);
    sendAll(server.transport, ["back", at(LOOPBACK, v4.port)], ["back", at("::1", v6.port)]);
    await Promise.all([v4.inbox.received(1), v6.inbox.received(1)]);
    expect(String(v4.inbox.sources[0])).toBe(`${LOOPBACK}:${server.port}`);
    expect(String(v6.inbox.sources[0])).toBe(`[::1]:${server.port}`);
  });

  it("ipv6Only takes no IPv4, needs no free IPv4 port and counts IPv4 targets as send errors", async () => {
    const v4 = await onPortAside((port) => open({ host: LOOPBACK, port }));
    const server = await open({ ipv6Only: true, port: v4.port });
    sendAll(server.transport, ["x", v4.address], ["y", at("::1", server.port)]);
    await server.inbox.received(1);
    expect(server.inbox.texts).toEqual(["y"]);
    expect(server.transport.statistics).toMatchObject({ sendErrors: 1, datagramsSent: 1 });
    expect(v4.transport.statistics.datagramsReceived).toBe(0);
  });

  it("an IPv4 socket counts IPv6 targets as send errors and sends the others of the batch", async () => {
    const server = await open({ host: "0.0.0.0" });
    const me = at(LOOPBACK, server.port);
    sendAll(server.transport, ["a", me], ["b", at("::1", 9)], ["c", me], ["d", at("::1", 9)], ["e", me]);
    await server.inbox.received(3);
    expect(server.inbox.texts).toEqual(["a", "c", "e"]);
    expect(server.transport.statistics).toMatchObject({ sendErrors: 2, datagramsSent: 3 });
  });

  it("a link-local target without such an interface is a send error", async () => {
    const server = await open({});
    sendAll(server.transport, ["a", at("fe80::1%nosuch0", 9)], ["b", at("::1", server.port)]);
    await server.inbox.received(1);
    expect(server.inbox.texts).toEqual(["b"]);
    expect(server.transport.statistics).toMatchObject({ sendErrors: 1, datagramsSent: 1 });
  });
});

describe.runIf(isAvailable)("the network's faults", () => {
  it("T37: refused, oversized and forbidden targets are counted and end nothing", async () => {
    const { transport, inbox, address } = await open();
    const closed = await onPortAside((port) => open({ host: LOOPBACK, port }));
    await closed.transport.close();
    for (let i = 0; i < 3; i++) {
      sendAll(
        transport,
        ["x", closed.address], // ICMP port unreachable
        ["x", at("255.255.255.255", 9)], // EACCES without SO_BROADCAST
        ["x", at("203.0.113.1", 9)], // a loopback source cannot leave the machine
        ["x", address],
      );
    }
    await inbox.received(3);
    const { datagramsSent, sendErrors } = transport.statistics;
    expect(datagramsSent + sendErrors).toBe(12);
    expect(sendErrors).toBeGreaterThanOrEqual(3);
    expect(inbox.errors).toEqual([]);
  });

  it("T21: what is larger than a slot is counted as truncated and dropped; 0 and 2048 bytes arrive", async () => {
    const { transport, inbox, port } = await open();
    const stranger = createSocket("udp4");
    for (const size of [0, 2048, 2049, 65_507, 7]) stranger.send(new Uint8Array(size).fill(size & 255), port, LOOPBACK);
    await inbox.received(3);
    stranger.close();
    await once(stranger, "close");
    expect(inbox.payloads.map(({ length }) => length)).toEqual([0, 2048, 7]);
    expect(inbox.payloads[2]?.every((byte) => byte === 7)).toBe(true);
    expect(transport.statistics).toMatchObject({ datagramsReceived: 3, truncated: 2, receiveErrors: 0 });
  });

  it("a batch whose bytes were taken away sends nothing of what is there instead", async () => {
    const { transport, inbox, address } = await open();
    const batch = transport.acquireBatch()!;
    batch.commit(100, address);
    batch.offsets[0] = batch.buffer.length - 50; // reaches beyond the buffer
    batch.commit(10, address);
    transport.send(batch);
    await inbox.received(1);
    expect(transport.statistics).toMatchObject({ sendErrors: 1, datagramsSent: 1, bytesSent: 10 });
  });
});

describe.runIf(isAvailable)("batches", () => {
  it("datagrams that wait together are one batch of at most 64", async () => {
    const [a, b] = [await open(), await open()];
    for (let i = 0; i < 3; i++) sendAll(a.transport, ...Array.from({ length: 50 }, () => ["x", b.address] as const));
    await b.inbox.received(150);
    expect(b.inbox.batches).toBeLessThanOrEqual(6);
    expect(b.inbox.batches).toBeGreaterThanOrEqual(3);
  });

  it("a source that is heard again is the same object, after rebind too", async () => {
    const [a, b] = [await open(), await open()];
    sendAll(a.transport, ["1", b.address], ["2", b.address]);
    await b.inbox.received(2);
    const moved = await b.transport.rebind();
    sendAll(a.transport, ["3", moved]);
    await b.inbox.received(3);
    expect(new Set(b.inbox.sources).size).toBe(1);
  });

  it.each([true, false])(
    "runs of one size arrive as the datagrams they were; segmentation: %s",
    async (segmentation) => {
      const a = await open({ host: LOOPBACK, segmentation });
      const [b, c] = [await open(), await open()];
      // Runs that end in a shorter one, an empty one, another target, a longer one, and the batch's end.
      const sizes = [900, 900, 900, 300, 300, 300, 0, 0, 1200, 1200, 1201, 5, 5, 5, 5];
      const datagrams = sizes.map(
        (size, i) => [new Uint8Array(size).fill(i + 1), i === 12 ? c.address : b.address] as const,
      );
      sendAll(a.transport, ...datagrams);
      await Promise.all([b.inbox.received(sizes.length - 1), c.inbox.received(1)]);
      const expected = datagrams.filter(([, to]) => to === b.address).map(([payload]) => payload);
      expect(b.inbox.payloads).toEqual(expected);
      expect(a.transport.statistics).toMatchObject({
        datagramsSent: sizes.length,
        bytesSent: sizes.reduce((sum, size) => sum + size, 0),
        sendErrors: 0,
      });
    },
  );

  it("sizes whose views share a place do not mix, in whatever order they come", async () => {
    const a = await open();
    const b = await open();
    // 32 views are kept for a slot: 7, 39 and 71 meet in one place.
    const sizes = [7, 39, 71, 39, 7, 71, 1200, 7];
    for (let round = 0; round < 20; round++) {
      const datagrams = sizes.map((size, i) => [new Uint8Array(size).fill(round * 8 + i), b.address] as const);
      sendAll(a.transport, ...datagrams);
      await b.inbox.received((round + 1) * sizes.length);
      expect(b.inbox.payloads.slice(-sizes.length)).toEqual(datagrams.map(([payload]) => payload));
    }
  });

  it("speaks with node:dgram in both directions", async () => {
    const a = await open();
    const b = createDgramTransport({ host: LOOPBACK });
    opened.push(b);
    const inbox = new Inbox();
    const address = await b.open(inbox);
    sendAll(a.transport, ["to dgram", address]);
    await inbox.received(1);
    sendAll(b, ["to mmsg", inbox.sources[0]!]);
    await a.inbox.received(1);
    expect([inbox.texts, a.inbox.texts]).toEqual([["to dgram"], ["to mmsg"]]);
    expect(a.inbox.sources[0]?.equals(address)).toBe(true);
  });
});
