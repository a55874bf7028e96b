import { describe, expect, it } from "vitest";
import { SOCKADDR_WORDS } from "../src/linux-abi.js";
import { sockaddrBuffer, SockaddrCodec } from "../src/sockaddr.js";
import { HASH_KEYS, SourceCache } from "../src/source-cache.js";
import { SocketAddress } from "@sortie/transport";

const codec = new SockaddrCodec({ interfaceIndex: () => 0, interfaceName: () => undefined });
/** Odd numbers as good as random ones; the same in each run. */
const HASH = Uint32Array.from({ length: HASH_KEYS }, (_, i) => Math.imul(i + 1, 0x9e37_79b1));

function cache(size?: number): SourceCache {
  return new SourceCache(codec, HASH, size);
}

function words(host: string, port: number, family: 4 | 6 = 6): Uint32Array {
  const written = sockaddrBuffer();
  codec.write(written, 0, family, SocketAddress.parse(host, port));
  return written;
}

describe("SourceCache", () => {
  it("gives one object for one source, and another for another address, port or zone", () => {
    const sources = cache();
    const hosts = ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8:0:1::1", "fe80::1%2", "fe80::1%3", "fe80::1"];
    const seen = hosts.flatMap((host) => [1, 256, 65_535].map((port) => sources.get(words(host, port), 0)!));
    expect(new Set(seen).size).toBe(hosts.length * 3);
    expect(seen.map(String)).toEqual(
      hosts.flatMap((host) => [1, 256, 65_535].map((port) => SocketAddress.parse(host, port).toString())),
    );
    for (const address of seen) expect(sources.get(words(address.ipv6Host, address.port), 0)).toBe(address);
    expect(sources.size).toBe(seen.length);
  });

  it("gives one object for each local address that the source asked, and says which", () => {
    const sources = cache();
    const locals = Array.from({ length: 9 }, (_, i) => SocketAddress.parse(`198.51.100.${i}`, 1474));
    const get = (i: number) => sources.get(words("192.0.2.1", 5), 0, locals[i], i * 0x1234567)!;
    const seen = locals.map((_, i) => get(i));
    expect(new Set(seen).size).toBe(9);
    expect(seen.map(({ arrivedAt }) => arrivedAt)).toEqual(locals);
    expect(seen.every((address, i) => get(i) === address && address.equals(seen[0]!))).toBe(true);
    expect(sources.get(words("192.0.2.1", 5), 0)!.arrivedAt).toBeUndefined();
    // One from which nothing could be sent is forgotten, and made anew.
    seen[3]!.arrivedAt = undefined;
    expect(get(3)).not.toBe(seen[3]);
    expect(get(3).arrivedAt).toBe(locals[3]);
  });

  it("an IPv4 socket's source and the mapped one of a dual-stack socket are one object", () => {
    const sources = cache();
    expect(sources.get(words("192.0.2.1", 5, 4), 0)).toBe(sources.get(words("192.0.2.1", 5, 6), 0));
  });

  it("reads at any place of an array, and knows no other family", () => {
    const names = new Uint32Array(3 * SOCKADDR_WORDS);
    names.set(words("192.0.2.9", 9), 2 * SOCKADDR_WORDS);
    expect(String(cache().get(names, 2 * SOCKADDR_WORDS))).toBe("192.0.2.9:9");
    expect(cache().get(names, 0)).toBeUndefined();
  });

  it("T39: a flood of sources leaves at most two generations, and a peer that goes on sending stays", () => {
    const sources = cache(100);
    const peer = sources.get(words("192.0.2.1", 7), 0);
    for (let i = 0; i < 5000; i++) {
      sources.get(words(`2001:db8::${(i >> 8).toString(16)}:${(i & 255).toString(16)}`, 1 + (i % 1000)), 0);
      expect(sources.size).toBeLessThanOrEqual(200);
      if (i % 50 === 0) expect(sources.get(words("192.0.2.1", 7), 0)).toBe(peer);
    }
    expect(sources.size).toBeGreaterThan(100);
  });

  it("grows to its size and keeps what it has", () => {
    const sources = cache();
    const first = Array.from({ length: 4096 }, (_, i) => sources.get(words("192.0.2.1", i + 1), 0)!);
    expect(sources.size).toBe(4096);
    first.forEach((address, i) => expect(sources.get(words("192.0.2.1", i + 1), 0)).toBe(address));
  });
});
