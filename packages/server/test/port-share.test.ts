import { describe, expect, it } from "vitest";
import { partOfLimits, workerBits, workerOf } from "../src/port-share.js";

const LIMITS = {
  maxPeers: 1000,
  maxHalfOpen: 1024,
  handshakesPerSecond: 500,
  handshakesPerPrefix: { perSecond: 20, burst: 60 },
  reassemblyBudgetBytes: 2 ** 28,
};

describe("limits of servers that share a port", () => {
  it("are those of all of them together", () => {
    expect(partOfLimits(LIMITS, { worker: 0, workers: 1 })).toEqual(LIMITS);
    expect(partOfLimits(LIMITS, { worker: 0, workers: 3 })).toEqual({
      maxPeers: 334,
      maxHalfOpen: 342,
      handshakesPerSecond: 500 / 3,
      handshakesPerPrefix: { perSecond: 20 / 3, burst: 20 },
      reassemblyBudgetBytes: Math.ceil(2 ** 28 / 3),
    });
  });

  it.each([1, 2, 3, 7, 64])("of %d are together what was asked for, and no more", (workers) => {
    const parts = Array.from({ length: workers }, (_, worker) => partOfLimits(LIMITS, { worker, workers }));
    expect(parts.reduce((sum, { maxPeers }) => sum + maxPeers, 0)).toBe(LIMITS.maxPeers);
    expect(parts.reduce((sum, { maxHalfOpen }) => sum + maxHalfOpen, 0)).toBe(LIMITS.maxHalfOpen);
    expect(new Set(parts.map(({ maxPeers }) => maxPeers)).size).toBeLessThanOrEqual(2);
  });

  it("leave each at least one peer and one handshake at once", () => {
    const least = { ...LIMITS, maxPeers: 1, maxHalfOpen: 1, handshakesPerPrefix: { perSecond: 1, burst: 1 } };
    const last = { worker: 63, workers: 64 };
    expect(partOfLimits(least, last)).toMatchObject({
      maxPeers: 1,
      maxHalfOpen: 1,
      handshakesPerPrefix: { burst: 1 },
    });
  });
});

describe("the worker in a connection ID", () => {
  it.each([
    [1, 0],
    [2, 1],
    [3, 2],
    [4, 2],
    [5, 3],
    [64, 6],
  ])("of %d takes %d bits, the first ones", (workers, bits) => {
    expect(workerBits(workers)).toBe(bits);
    expect(workerOf(0, workers)).toBe(0);
    expect(workerOf(0xffff_ffff, workers)).toBe(2 ** bits - 1);
    expect(workerOf(2 ** 31, workers)).toBe(bits === 0 ? 0 : 2 ** (bits - 1));
  });
});
