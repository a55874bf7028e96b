import { type DatagramTransport, SocketAddress } from "@sortie/transport";
import { afterEach, describe, expect, it } from "vitest";
import { createMmsgTransport, type MmsgTransportOptions } from "../src/index.js";
import { MAPPED_PREFIX, SockaddrCodec } from "../src/sockaddr.js";
import { LocalAddresses } from "../src/local-addresses.js";
import { hasIpv6, Inbox, isAvailable, sendAll } from "./support.js";

const opened: DatagramTransport[] = [];
const ipv6 = await hasIpv6();

afterEach(async () => {
  await Promise.all(opened.splice(0).map((transport) => transport.close()));
});

async function open(options: MmsgTransportOptions) {
  const transport = createMmsgTransport(options);
  opened.push(transport);
  const inbox = new Inbox();
  const { port } = await transport.open(inbox);
  return { transport, inbox, port };
}

/** A server on all addresses of one family, or of both, and two peers. */
async function openAll(host: string, options: MmsgTransportOptions = {}) {
  const server = await open({ host, ...options });
  return { server, first: await open({ host: "127.0.0.1" }), second: await open({ host: "127.0.0.1" }) };
}

const at = (host: string, port: number): SocketAddress => SocketAddress.parse(host, port);

describe.runIf(isAvailable).each(ipv6 ? ["0.0.0.0", "::"] : ["0.0.0.0"])("a socket on %s", (host) => {
  it.each([true, false])("answers from the address that was asked, segmentation %s", async (segmentation) => {
    const { server, first, second } = await openAll(host, { segmentation });
    sendAll(first.transport, ["one", at("127.0.0.5", server.port)]);
    sendAll(second.transport, ["two", at("127.9.9.9", server.port)]);
    await server.inbox.received(2);
    const [one, two] = [first, second].map(({ port }) => server.inbox.sources.find((source) => source.port === port));
    expect([String(one!.arrivedAt), String(two!.arrivedAt)]).toEqual([
      `127.0.0.5:${server.port}`,
      `127.9.9.9:${server.port}`,
    ]);
    // Runs to one target, which the kernel may cut from one message, and single ones, slots in turn.
    for (let round = 0; round < 3; round++) {
      sendAll(server.transport, ["aa", one!], ["aa", one!], ["b", two!], ["cc", one!], ["dd", two!], ["d", two!]);
      sendAll(server.transport, ["e", two!], ["ee", one!]);
    }
    await Promise.all([first.inbox.received(12), second.inbox.received(12)]);
    expect(new Set(first.inbox.sources.map(String))).toEqual(new Set([`127.0.0.5:${server.port}`]));
    expect(new Set(second.inbox.sources.map(String))).toEqual(new Set([`127.9.9.9:${server.port}`]));
    expect(second.inbox.texts.join(" ")).toBe("b dd d e b dd d e b dd d e");
    expect(server.transport.statistics).toMatchObject({ datagramsSent: 24, sendErrors: 0 });
  });

  it("has an object for a peer at each address, so that nobody else changes from where it is answered", async () => {
    const { server, first } = await openAll(host);
    for (const asked of ["127.0.0.5", "127.0.0.6", "127.0.0.5"])
      sendAll(first.transport, ["x", at(asked, server.port)]);
    await server.inbox.received(3);
    const [five, six, again] = server.inbox.sources;
    expect(again).toBe(five);
    expect(six).not.toBe(five);
    expect(six!.equals(five!)).toBe(true);
    expect(String(five!.arrivedAt)).toBe(`127.0.0.5:${server.port}`);
  });

  it("answers from the address that was asked last, stamped datagrams too", async () => {
    const { server, first } = await openAll(host);
    const fromMs = performance.now();
    for (const [index, asked] of ["127.0.0.5", "127.0.0.6", "127.0.0.5"].entries()) {
      sendAll(first.transport, ["x", at(asked, server.port)]);
      await server.inbox.received(index + 1);
      sendAll(server.transport, ["y", server.inbox.sources[index]!]);
      await first.inbox.received(index + 1);
      expect(String(first.inbox.sources[index])).toBe(`${asked}:${server.port}`);
      // From the second on they are held for a while, and tell how long.
      server.transport.holdReceive?.(20);
    }
    expect(server.inbox.waitedMs[2]).toBeGreaterThan(0);
    expect(server.inbox.waitedMs[2]).toBeLessThanOrEqual(performance.now() - fromMs);
  });

  it("lets the system choose where the machine has that address no more", async () => {
    const { server, first } = await openAll(host);
    sendAll(first.transport, ["x", at("127.0.0.5", server.port)]);
    await server.inbox.received(1);
    const [source] = server.inbox.sources;
    source!.arrivedAt = at("203.0.113.9", server.port);
    sendAll(server.transport, ["y", source!], ["z", source!], ["zzz", source!]);
    await first.inbox.received(3);
    expect(first.inbox.texts).toEqual(["y", "z", "zzz"]);
    expect(String(first.inbox.sources[0])).toBe(`127.0.0.1:${server.port}`);
    expect(source!.arrivedAt).toBeUndefined();
    expect(server.transport.statistics).toMatchObject({ datagramsSent: 3, sendErrors: 0 });
  });

  it("leaves the choice to the system for targets that it has not heard from", async () => {
    const { server, first } = await openAll(host);
    sendAll(server.transport, ["x", at("127.0.0.1", first.port)]);
    await first.inbox.received(1);
    expect(String(first.inbox.sources[0])).toBe(`127.0.0.1:${server.port}`);
  });
});

describe.runIf(isAvailable && ipv6)("IPv6", () => {
  it("a socket on :: answers from ::1, and so does one for IPv6 alone", async () => {
    for (const options of [{}, { ipv6Only: true }]) {
      const server = await open({ host: "::", ...options });
      const peer = await open({ host: "::1" });
      sendAll(peer.transport, ["x", at("::1", server.port)]);
      await server.inbox.received(1);
      expect(String(server.inbox.sources[0]!.arrivedAt)).toBe(`[::1]:${server.port}`);
      sendAll(server.transport, ["y", server.inbox.sources[0]!]);
      await peer.inbox.received(1);
      expect(String(peer.inbox.sources[0])).toBe(`[::1]:${server.port}`);
    }
  });
});

describe.runIf(isAvailable)("a socket on one address", () => {
  it("does not ask to which address datagrams came", async () => {
    const server = await open({ host: "127.0.0.5" });
    const peer = await open({ host: "127.0.0.1" });
    sendAll(peer.transport, ["x", at("127.0.0.5", server.port)]);
    await server.inbox.received(1);
    expect(server.inbox.sources[0]!.arrivedAt).toBeUndefined();
  });
});

describe("LocalAddresses", () => {
  const codec = new SockaddrCodec({ interfaceIndex: () => 0, interfaceName: () => undefined });
  /** The last word of 127.0.x.y, as it lies in memory. */
  const word = (x: number, y: number): number => (127 | (x << 16) | (y << 24)) >>> 0;

  it("gives the same object for the same address, and forgets the eldest of more than 64", () => {
    const locals = new LocalAddresses(codec, 1474);
    const get = (i: number) => locals.get(0, 0, MAPPED_PREFIX, word(i >> 8, i & 255));
    const all = Array.from({ length: 64 }, (_, i) => get(i + 1));
    expect(all.map(String)).toEqual(all.map((_, i) => `127.0.0.${i + 1}:1474`));
    expect(all.every((address, i) => get(i + 1) === address)).toBe(true);
    expect(String(get(300))).toBe("127.0.1.44:1474");
    expect(get(2)).toBe(all[1]);
    expect(get(1)).not.toBe(all[0]);
    expect(String(get(1))).toBe("127.0.0.1:1474");
  });

  it.each([
    ["0.0.0.0", [0, 0, MAPPED_PREFIX, 0]],
    ["224.0.0.1", [0, 0, MAPPED_PREFIX, 0x010000e0]],
    ["255.255.255.255", [0, 0, MAPPED_PREFIX, 0xffffffff]],
    ["ff02::1", [0x000002ff, 0, 0, 0x01000000]],
    ["::", [0, 0, 0, 0]],
  ] as const)("gives nothing for %s, from which nobody can send", (_, [a, b, c, d]) => {
    expect(new LocalAddresses(codec, 1).get(a, b, c, d)).toBeUndefined();
  });
});
