import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { percentile, SampleWindow } from "../src/percentile.js";

describe("percentile", () => {
  it("takes the nearest rank", () => {
    const sorted = [15, 20, 35, 40, 50];
    expect([0, 0.05, 0.2, 0.3, 0.4, 0.5, 0.99, 1].map((share) => percentile(sorted, share))).toEqual([
      15, 15, 15, 20, 20, 35, 50, 50,
    ]);
    expect(percentile([7], 0.5)).toBe(7);
    expect(percentile([], 0.5)).toBeUndefined();
  });

  it("is the smallest value that the share does not exceed", () => {
    const anyValues = fc.array(fc.integer({ min: -1_000, max: 1_000 }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(anyValues, fc.integer({ min: 0, max: 100 }), (values, hundredths) => {
        const sorted = [...values].sort((a, b) => a - b);
        const found = percentile(sorted, hundredths / 100) as number;
        const atMost = (limit: number): number => sorted.filter((other) => other <= limit).length * 100;
        expect(atMost(found)).toBeGreaterThanOrEqual(hundredths * sorted.length);
        const below = sorted.filter((other) => other < found).at(-1);
        if (below !== undefined) expect(atMost(below)).toBeLessThan(hundredths * sorted.length);
      }),
      { seed: 9 },
    );
  });

  it("refuses a share that is none", () => {
    expect(() => percentile([1], 1.1)).toThrow('"share" expected 0..1, got 1.1');
    expect(() => percentile([1], Number.NaN)).toThrow(RangeError);
  });
});

describe("SampleWindow", () => {
  it("keeps the latest values", () => {
    const samples = new SampleWindow(4);
    expect(samples.percentiles(0.5)).toEqual([undefined]);
    for (const value of [100, 100, 9, 10, 1, 2]) samples.add(value);
    expect(samples.count).toBe(6);
    expect(samples.percentiles(0, 0.5, 1)).toEqual([1, 2, 10]);
  });
});
