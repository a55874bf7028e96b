import { describe, expect, it } from "vitest";
import { BASE_MTU_BYTES, nextProbeBytes } from "../src/mtu-search.js";

/** Searches a path that carries `pathBytes`; the sizes tried. */
function search(pathBytes: number, cap: number): { found: number; tried: number[] } {
  let passes = BASE_MTU_BYTES;
  let fails = cap + 1;
  const tried: number[] = [];
  for (let bytes = nextProbeBytes(passes, fails, cap); bytes > 0; bytes = nextProbeBytes(passes, fails, cap)) {
    tried.push(bytes);
    if (bytes <= pathBytes) passes = bytes;
    else fails = bytes;
    if (tried.length > 20) break;
  }
  return { found: passes, tried };
}

describe("nextProbeBytes", () => {
  it("tries the cap first, and is done when it passes", () => {
    expect(search(1500, 1452)).toEqual({ found: 1452, tried: [1452] });
    expect(search(1500, 1300)).toEqual({ found: 1300, tried: [1300] });
    expect(search(1500, 1200)).toEqual({ found: 1200, tried: [] });
  });

  it("ends within 64 bytes below what the path carries, in six sizes at the most, for every path and cap", () => {
    // An assertion for each of some 19,000 searches would take longer than they do.
    const wrong: unknown[] = [];
    for (let cap = 1200; cap <= 1452; cap += 4) {
      for (let path = 1200; path <= 1500; path++) {
        const { found, tried } = search(path, cap);
        const fits = found <= Math.max(path, BASE_MTU_BYTES) && Math.min(path, cap) - found <= 64;
        if (!fits || tried.length > 6 || new Set(tried).size !== tried.length) wrong.push({ cap, path, found, tried });
      }
    }
    expect(wrong).toEqual([]);
  });

  it.each([
    ["1280 over IPv6", 1232],
    ["1280 over IPv4", 1252],
    ["1400 over IPv4", 1372],
    ["1420 (WireGuard) over IPv4", 1392],
    ["1460 over IPv4", 1432],
  ])("finds a link MTU of %s exactly", (_which, bytes) => {
    expect(search(bytes, 1452).found).toBe(bytes);
  });
});
