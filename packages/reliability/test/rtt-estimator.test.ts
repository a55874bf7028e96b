import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RttEstimator } from "../src/rtt-estimator.js";

describe("RttEstimator", () => {
  it("assumes the initial round trip until the first sample", () => {
    const rtt = new RttEstimator(100, 25);
    expect(rtt.hasSample).toBe(false);
    expect([rtt.smoothedMs, rtt.varianceMs, rtt.minMs, rtt.latestMs]).toEqual([100, 50, 100, 100]);
    expect(rtt.probeTimeoutMs()).toBe(100 + 4 * 50 + 25);
    expect(rtt.lossDelayMs(9 / 8)).toBe(112.5);
  });

  it("takes the first sample whole, with no ack delay subtracted (RFC 9002 section 5.3)", () => {
    const rtt = new RttEstimator(100, 25);
    rtt.update(40, 10);
    expect(rtt.hasSample).toBe(true);
    expect([rtt.smoothedMs, rtt.varianceMs, rtt.minMs, rtt.latestMs]).toEqual([40, 20, 40, 40]);
  });

  it("follows the equations of RFC 9002 section 5.3", () => {
    const rtt = new RttEstimator(100, 25);
    rtt.update(40, 0);
    rtt.update(80, 16); // adjusted 64
    expect(rtt.varianceMs).toBeCloseTo((3 / 4) * 20 + (1 / 4) * 24, 10);
    expect(rtt.smoothedMs).toBeCloseTo((7 / 8) * 40 + (1 / 8) * 64, 10);
    expect(rtt.minMs).toBe(40);
    expect(rtt.latestMs).toBe(80);
    rtt.update(30, 0);
    expect(rtt.minMs).toBe(30);
  });

  it("subtracts a delay down to the shortest round trip at most", () => {
    for (const [delayMs, adjusted] of [
      [9, 41],
      [10, 40],
      [11, 40],
      [4000, 40],
    ] as const) {
      const rtt = new RttEstimator(100, 25);
      rtt.update(40, 0);
      rtt.update(50, delayMs);
      expect(rtt.smoothedMs).toBeCloseTo((7 / 8) * 40 + (1 / 8) * adjusted, 10);
    }
  });

  it("T32 cuts a lying ack delay to what the peer promised", () => {
    const honest = new RttEstimator(100, 25);
    const liar = new RttEstimator(100, 25);
    for (const sample of [60, 200, 300, 250]) {
      honest.update(sample, 25);
      liar.update(sample, 4_000_000);
    }
    expect(liar.smoothedMs).toBe(honest.smoothedMs);
    expect(liar.varianceMs).toBe(honest.varianceMs);
  });

  it("T32 believes no more than the grace beyond it where an ACK may take longer", () => {
    const rtt = new RttEstimator(100, 25);
    expect(rtt.believedDelayMs(80, 75)).toBe(80);
    expect(rtt.believedDelayMs(4_000_000, 75)).toBe(100);
    expect(rtt.believedDelayMs(80)).toBe(25);
    rtt.update(40, 0);
    rtt.update(120, 80, 75);
    expect(rtt.smoothedMs).toBe(40);
  });

  it("T32 treats negative and senseless delays as none", () => {
    for (const delay of [-1, -Infinity, NaN]) {
      const rtt = new RttEstimator(100, 25);
      rtt.update(40, 0);
      rtt.update(80, delay);
      expect(rtt.smoothedMs).toBe(45);
    }
  });

  it("T32 a peer that lies in every ack cannot bring the mean below what was measured", () => {
    const rtt = new RttEstimator(100, 25);
    rtt.update(50, 0);
    for (let i = 0; i < 1000; i++) rtt.update(50 + (i % 30), Infinity);
    expect(rtt.smoothedMs).toBeGreaterThanOrEqual(50);
    expect(rtt.probeTimeoutMs()).toBeGreaterThan(75);
  });

  it("keeps zero, negative and huge samples inside 0.01..60000 ms and ignores what is no number", () => {
    const rtt = new RttEstimator(100, 25);
    rtt.update(NaN, 0);
    rtt.update(Infinity, 0);
    expect(rtt.hasSample).toBe(false);
    rtt.update(0, 0);
    expect([rtt.smoothedMs, rtt.minMs, rtt.latestMs]).toEqual([0.01, 0.01, 0.01]);
    rtt.update(-5, 0);
    expect(rtt.latestMs).toBe(0.01);
    rtt.update(1e12, 0);
    expect(rtt.latestMs).toBe(60_000);
  });

  it("keeps the timeouts at the timer's granularity on a path without delay", () => {
    const rtt = new RttEstimator(100, 0);
    for (let i = 0; i < 200; i++) rtt.update(0.01, 0);
    expect(rtt.lossDelayMs(9 / 8)).toBe(1);
    expect(rtt.probeTimeoutMs()).toBeCloseTo(1.01, 3);
  });

  it("judges loss by the larger of mean and last sample", () => {
    const rtt = new RttEstimator(100, 25);
    rtt.update(40, 0);
    rtt.update(160, 0);
    expect(rtt.lossDelayMs(1)).toBe(160);
    rtt.update(10, 0);
    expect(rtt.lossDelayMs(1)).toBe(rtt.smoothedMs);
  });

  it("converges to a steady round trip", () => {
    const rtt = new RttEstimator(100, 25);
    for (let i = 0; i < 200; i++) rtt.update(33, 0);
    expect(rtt.smoothedMs).toBeCloseTo(33, 6);
    expect(rtt.varianceMs).toBeCloseTo(0, 6);
  });

  it("T32 property: whatever comes, all values stay finite, positive and within the samples' range", () => {
    const anyNumber = fc.oneof(fc.double(), fc.double({ min: 0, max: 1000, noNaN: true }), fc.constant(0));
    fc.assert(
      fc.property(fc.array(fc.tuple(anyNumber, anyNumber), { maxLength: 60 }), (updates) => {
        const rtt = new RttEstimator(100, 25);
        let lowest = Infinity;
        let highest = 0;
        for (const [sample, delay] of updates) {
          rtt.update(sample, delay);
          if (Number.isFinite(sample)) {
            lowest = Math.min(lowest, Math.max(0.01, Math.min(sample, 60_000)));
            highest = Math.max(highest, Math.max(0.01, Math.min(sample, 60_000)));
          }
          const values = [rtt.smoothedMs, rtt.minMs, rtt.latestMs];
          const good =
            rtt.hasSample === highest > 0 &&
            values.every((value) => value >= 0.01 - 1e-12 && value <= 60_000 + 1e-6) &&
            rtt.varianceMs >= 0 &&
            rtt.varianceMs <= 60_000 &&
            rtt.probeTimeoutMs() > 26 &&
            rtt.lossDelayMs(9 / 8) >= 1 &&
            (!rtt.hasSample ||
              (rtt.minMs === lowest && rtt.smoothedMs >= lowest - 1e-9 && rtt.smoothedMs <= highest + 1e-6));
          if (!good) expect.fail(`${values} ${rtt.varianceMs} after ${sample}, ${delay}`);
        }
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it("refuses bad configuration", () => {
    expect(() => new RttEstimator(0, 25)).toThrow('"initialRttMs" expected 0.01..60000, got 0');
    expect(() => new RttEstimator(NaN, 25)).toThrow(RangeError);
    expect(() => new RttEstimator(100, -1)).toThrow('"peerMaxAckDelayMs" expected 0..16384, got -1');
    expect(() => new RttEstimator(100, Infinity)).toThrow(RangeError);
  });
});
