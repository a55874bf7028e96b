import { describe, expect, it } from "vitest";
import { AddressCache } from "../src/address-cache.js";

describe("AddressCache", () => {
  it("gives one object for one host and port, and canonical addresses", () => {
    const cache = new AddressCache();
    const address = cache.get("::ffff:192.0.2.1", 7);
    expect(address?.toString()).toBe("192.0.2.1:7");
    expect(cache.get("::ffff:192.0.2.1", 7)).toBe(address);
    expect(cache.get("::ffff:192.0.2.1", 8)?.toString()).toBe("192.0.2.1:8");
    expect(cache.size).toBe(2);
  });

  it("does not keep what is no address", () => {
    const cache = new AddressCache();
    expect(cache.get("", 7)).toBeUndefined();
    expect(cache.get("constructor", 7)).toBeUndefined();
    expect(cache.get("__proto__", 7)).toBeUndefined();
    expect(cache.size).toBe(0);
  });

  it("T39: keeps at most two generations, whoever sends", () => {
    const cache = new AddressCache(undefined, 100);
    for (let i = 0; i < 10_000; i++) {
      cache.get(`10.0.${i >> 8}.${i & 255}`, 1);
      expect(cache.size).toBeLessThanOrEqual(200);
    }
    for (let port = 1; port < 10_000; port++) {
      cache.get("10.0.0.1", port);
      expect(cache.size).toBeLessThanOrEqual(200);
    }
  });

  it("keeps those that are heard through a flood of others", () => {
    const cache = new AddressCache(undefined, 100);
    const regular = cache.get("192.0.2.1", 7);
    for (let i = 0; i < 1000; i++) {
      cache.get("198.51.100.1", i);
      if (i % 50 === 0) expect(cache.get("192.0.2.1", 7)).toBe(regular);
    }
  });

  it("forgets those that are silent", () => {
    const cache = new AddressCache(undefined, 100);
    const silent = cache.get("192.0.2.1", 7);
    for (let i = 0; i < 201; i++) cache.get("198.51.100.1", i);
    const again = cache.get("192.0.2.1", 7);
    expect(again).not.toBe(silent);
    expect(again?.equals(silent!)).toBe(true);
  });
});
