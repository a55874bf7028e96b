import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TickStatistics } from "../src/tick-statistics.js";

describe("TickStatistics", () => {
  it("is all zeros before the first tick", () => {
    expect(new TickStatistics(20).snapshot()).toEqual({
      intervalMs: 20,
      ticks: 0,
      skipped: 0,
      overruns: 0,
      lateP50Ms: 0,
      lateP99Ms: 0,
      lateMaxMs: 0,
      busyP50Ms: 0,
      busyP99Ms: 0,
      busyMaxMs: 0,
    });
  });

  it("gives nearest-rank percentiles: of 1..100, 50 and 99", () => {
    const statistics = new TickStatistics(20);
    for (let i = 0; i < 100; i++) statistics.onTick(((i * 37) % 100) + 1, ((i * 61) % 100) + 1);
    const { lateP50Ms, lateP99Ms, lateMaxMs, busyP50Ms, busyP99Ms, busyMaxMs } = statistics.snapshot();
    expect([lateP50Ms, lateP99Ms, lateMaxMs]).toEqual([50, 99, 100]);
    expect([busyP50Ms, busyP99Ms, busyMaxMs]).toEqual([50, 99, 100]);
  });

  it("gives the one value there is", () => {
    const statistics = new TickStatistics(20);
    statistics.onTick(3, 4);
    const { lateP50Ms, lateP99Ms, lateMaxMs, busyP50Ms } = statistics.snapshot();
    expect([lateP50Ms, lateP99Ms, lateMaxMs, busyP50Ms]).toEqual([3, 3, 3, 4]);
  });

  it("counts as overrun what takes longer than the interval, and what was skipped", () => {
    const statistics = new TickStatistics(20);
    for (const busyMs of [19.9, 20, 20.1, 500]) statistics.onTick(0, busyMs);
    statistics.onSkipped(7, 200);
    statistics.onSkipped(1, 90);
    expect(statistics.snapshot()).toMatchObject({ ticks: 4, overruns: 2, skipped: 8 });
  });

  it("keeps the longest hold-up until it is taken", () => {
    const statistics = new TickStatistics(20);
    expect(statistics.takeHoldUpMs()).toBe(0);
    for (const holdUpMs of [90, 200, 120]) statistics.onSkipped(1, holdUpMs);
    expect([statistics.takeHoldUpMs(), statistics.takeHoldUpMs()]).toEqual([200, 0]);
  });

  it("forgets what lies more than 1024 ticks back, but not the counts", () => {
    const statistics = new TickStatistics(20);
    statistics.onTick(1000, 1000);
    for (let i = 0; i < 1023; i++) statistics.onTick(1, 1);
    expect(statistics.snapshot()).toMatchObject({ lateMaxMs: 1000, busyMaxMs: 1000 });
    statistics.onTick(1, 1);
    expect(statistics.snapshot()).toMatchObject({ lateMaxMs: 1, busyMaxMs: 1, ticks: 1025, overruns: 1 });
  });

  it("agrees with its definition for any values", () => {
    const times = fc.array(fc.double({ min: 0, max: 1e4, noNaN: true }), { minLength: 1, maxLength: 1500 });
    fc.assert(
      fc.property(times, (values) => {
        const statistics = new TickStatistics(20);
        for (const value of values) statistics.onTick(value, 0);
        const kept = values.slice(-1024).sort((a, b) => a - b);
        const { lateP50Ms, lateP99Ms, lateMaxMs } = statistics.snapshot();
        expect(lateP50Ms).toBe(kept[Math.ceil(kept.length * 0.5) - 1]);
        expect(lateP99Ms).toBe(kept[Math.ceil(kept.length * 0.99) - 1]);
        expect(lateMaxMs).toBe(kept.at(-1));
      }),
      { numRuns: 50 },
    );
  });
});
