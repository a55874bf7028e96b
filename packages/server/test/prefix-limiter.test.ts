import { SocketAddress } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { PrefixLimiter } from "../src/prefix-limiter.js";

const at = (host: string): SocketAddress => SocketAddress.parse(host, 4000);

/** How many of 100 tries at one instant get through. */
function taken(limiter: PrefixLimiter, host: string, nowMs: number): number {
  let count = 0;
  for (let i = 0; i < 100; i++) if (limiter.take(at(host), nowMs)) count += 1;
  return count;
}

describe("PrefixLimiter", () => {
  it("lets a burst through, then the rate, up to the burst again", () => {
    const limiter = new PrefixLimiter({ perSecond: 2, burst: 5 });
    expect(taken(limiter, "192.0.2.1", 1000)).toBe(5);
    expect(taken(limiter, "192.0.2.1", 1499)).toBe(0);
    expect(taken(limiter, "192.0.2.1", 1500)).toBe(1);
    expect(taken(limiter, "192.0.2.1", 3000)).toBe(3);
    expect(taken(limiter, "192.0.2.1", 1_000_000)).toBe(5);
  });

  it("counts a /24 of IPv4 as one, in every spelling, and its neighbour as another", () => {
    const limiter = new PrefixLimiter({ perSecond: 1, burst: 4 });
    expect(limiter.take(at("192.0.2.1"), 0)).toBe(true);
    expect(limiter.take(at("192.0.2.255"), 0)).toBe(true);
    expect(limiter.take(at("::ffff:192.0.2.7"), 0)).toBe(true);
    expect(limiter.take(at("::ffff:c000:0209"), 0)).toBe(true);
    expect(limiter.take(at("192.0.2.0"), 0)).toBe(false);
    expect(limiter.take(at("192.0.3.1"), 0)).toBe(true);
    expect(limiter.size).toBe(2);
  });

  it("counts a /64 of IPv6 as one", () => {
    const limiter = new PrefixLimiter({ perSecond: 1, burst: 2 });
    expect(limiter.take(at("2001:db8:0:1::1"), 0)).toBe(true);
    expect(limiter.take(at("2001:db8:0:1:ffff:ffff:ffff:ffff"), 0)).toBe(true);
    expect(limiter.take(at("2001:db8:0:1:8::"), 0)).toBe(false);
    expect(limiter.take(at("2001:db8:0:2::1"), 0)).toBe(true);
  });

  it("exempts loopback, and nothing that only looks like it", () => {
    const limiter = new PrefixLimiter({ perSecond: 1, burst: 1 });
    for (const host of ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"]) expect(taken(limiter, host, 0)).toBe(100);
    expect(limiter.size).toBe(0);
    for (const host of ["128.0.0.1", "::1:0:1", "fe80::1", "0.0.0.1"]) expect(taken(limiter, host, 0)).toBe(1);
  });

  it("counts hellos that try apart, 20 a second and 60 at once, and takes nothing for them", () => {
    const limiter = new PrefixLimiter({ perSecond: 0.1, burst: 3 });
    const tried = (host: string, nowMs: number): number => {
      let count = 0;
      for (let i = 0; i < 100; i++) if (limiter.attempt(at(host), nowMs)) count += 1;
      return count;
    };
    expect(tried("192.0.2.1", 0)).toBe(60);
    expect(tried("192.0.2.9", 500)).toBe(10);
    expect(tried("192.0.3.1", 500)).toBe(60);
    expect(taken(limiter, "192.0.2.1", 500)).toBe(3);
    // Nothing is left to take, so nobody tries.
    expect(tried("192.0.2.1", 5000)).toBe(0);
    expect(tried("192.0.2.1", 10_500)).toBe(60);
    expect(tried("127.0.0.1", 0)).toBe(100);
  });

  it("lets as many try as may be taken, where that is more", () => {
    const limiter = new PrefixLimiter({ perSecond: 1000, burst: 80 });
    for (let i = 0; i < 80; i++) expect(limiter.attempt(at("192.0.2.1"), 0)).toBe(true);
    expect(limiter.attempt(at("192.0.2.1"), 0)).toBe(false);
    expect(limiter.attempt(at("192.0.2.1"), 1)).toBe(true);
  });

  it("remembers 16384 prefixes at the most, and forgets those first that are full again, 8 at a time", () => {
    const limiter = new PrefixLimiter({ perSecond: 1, burst: 2 });
    const host = (i: number): string => `2001:db8:${(i >> 8).toString(16)}:${(i & 0xff).toString(16)}::1`;
    // One that will have used up its tokens when the others come.
    expect(taken(limiter, "198.51.100.1", 9000)).toBe(2);
    for (let i = 0; i < 16_383; i++) limiter.take(at(host(i)), i < 8000 ? 0 : 9000);
    expect(limiter.size).toBe(16_384);
    limiter.take(at(host(20_000)), 9000);
    // No more are looked at for one prefix, or each prefix of a flood would cost a look at all of them.
    expect(limiter.size).toBe(16_384 - 7 + 1);
    for (let i = 20_001; i < 30_000; i++) limiter.take(at(host(i)), 9000);
    expect(limiter.size).toBeLessThanOrEqual(16_384);
    expect(taken(limiter, "198.51.100.1", 9000)).toBe(0);
  });

  it("stays at its cap in a flood of prefixes that are all in use: the oldest goes", () => {
    const limiter = new PrefixLimiter({ perSecond: 0.001, burst: 1 });
    for (let i = 0; i < 16_420; i++) {
      const host = `2001:db8:${(i >> 8).toString(16)}:${(i & 0xff).toString(16)}::1`;
      expect(limiter.take(at(host), 0)).toBe(true);
    }
    expect(limiter.size).toBe(16_384);
    expect(limiter.take(at("2001:db8:0:0::1"), 0)).toBe(true);
    expect(limiter.take(at("2001:db8:40:20::1"), 0)).toBe(false);
  });

  it("in such a flood keeps those that have nothing left, while others have", () => {
    const limiter = new PrefixLimiter({ perSecond: 0.001, burst: 2 });
    expect(taken(limiter, "198.51.100.1", 0)).toBe(2);
    for (let i = 0; i < 20_000; i++) {
      limiter.take(at(`2001:db8:${(i >> 8).toString(16)}:${(i & 0xff).toString(16)}::1`), 0);
    }
    expect(limiter.size).toBe(16_384);
    expect(taken(limiter, "198.51.100.1", 0)).toBe(0);
  });
});
