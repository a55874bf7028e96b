import { describe, expect, it } from "vitest";
import { QualityMeter } from "../src/quality.js";

/** Feeds one second after another and returns the grades. */
function grades(meter: QualityMeter, seconds: number, rttMs: number, lossShare = 0, start = 0): string[] {
  const seen: string[] = [];
  for (let i = 1; i <= seconds; i++) {
    const packetsSent = (start + i) * 100;
    meter.evaluate(
      { rttMs, jitterMs: 1, packetsSent, packetsLost: packetsSent * lossShare, receiveLoss: 0 },
      (start + i) * 1000,
    );
    seen.push(meter.grade);
  }
  return seen;
}

describe("QualityMeter", () => {
  it("is due once a second", () => {
    const meter = new QualityMeter(500);
    expect(meter.isDue(1499)).toBe(false);
    expect(meter.isDue(1500)).toBe(true);
  });

  it("goes down after one second that holds, not at the first sight", () => {
    const meter = new QualityMeter(0);
    expect(grades(meter, 3, 250)).toEqual(["good", "poor", "poor"]);
  });

  it("goes up only after five seconds that hold, with a margin", () => {
    const meter = new QualityMeter(0);
    grades(meter, 3, 150);
    expect(meter.grade).toBe("fair");
    // 95 ms is below the bound of 100, but not below its margin of 85 %.
    expect(grades(meter, 10, 95, 0, 3).at(-1)).toBe("fair");
    expect(grades(meter, 6, 50, 0, 13)).toEqual(["fair", "fair", "fair", "fair", "fair", "good"]);
  });

  it("does not flutter when a value swings around a bound", () => {
    const meter = new QualityMeter(0);
    let changes = 0;
    for (let i = 1; i <= 60; i++) {
      const rttMs = i % 2 === 0 ? 98 : 102;
      if (meter.evaluate({ rttMs, jitterMs: 1, packetsSent: i * 100, packetsLost: 0, receiveLoss: 0 }, i * 1000))
        changes += 1;
    }
    expect(changes).toBeLessThanOrEqual(1);
  });

  it("grades by smoothed loss", () => {
    const meter = new QualityMeter(0);
    expect(grades(meter, 12, 20, 0.2).at(-1)).toBe("poor");
    expect(meter.loss).toBeGreaterThan(0.15);
    expect(meter.loss).toBeLessThanOrEqual(0.2);
  });

  it("draws no conclusion about loss from a handful of packets", () => {
    const meter = new QualityMeter(0);
    meter.evaluate({ rttMs: 10, jitterMs: 1, packetsSent: 4, packetsLost: 4, receiveLoss: 0 }, 1000);
    expect(meter.loss).toBe(0);
  });
});
