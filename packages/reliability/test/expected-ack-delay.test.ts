import { describe, expect, it } from "vitest";
import { leastAckDelayMs, RttEstimator } from "../src/rtt-estimator.js";

describe("the acknowledgement delay that is allowed for", () => {
  it.each([0, 10, 25, 42, 50])("is a promise of %d ms as it is, whatever comes of it", (promisedMs) => {
    const rtt = new RttEstimator(100, promisedMs);
    expect(rtt.allowedAckDelayMs(0)).toBe(promisedMs);
    for (const delayMs of [0, 5, 4000]) rtt.update(60, delayMs);
    expect(rtt.allowedAckDelayMs(0)).toBe(promisedMs);
    expect(leastAckDelayMs(promisedMs)).toBe(promisedMs);
  });

  it("follows what a longer promise comes to: up at once, down slowly, never below 25 ms nor above the promise", () => {
    const rtt = new RttEstimator(100, 1000);
    expect(rtt.allowedAckDelayMs(0)).toBe(50);
    expect(rtt.probeTimeoutMs()).toBe(100 + 4 * 50 + 50);
    rtt.update(340, 300);
    expect(rtt.allowedAckDelayMs(0)).toBe(300);
    rtt.update(40, 0);
    expect(rtt.allowedAckDelayMs(0)).toBeGreaterThan(280);
    for (let sample = 0; sample < 200; sample++) rtt.update(40 + (sample % 16), sample % 16);
    expect(rtt.allowedAckDelayMs(0)).toBeCloseTo(25, 1);
    rtt.update(5000, 60_000);
    expect(rtt.allowedAckDelayMs(0)).toBe(1000);
    expect(leastAckDelayMs(1000)).toBe(25);
  });

  it("leaves the grace of packets in no hurry aside", () => {
    const rtt = new RttEstimator(100, 1000);
    for (let sample = 0; sample < 200; sample++) rtt.update(40 + 80, 80, 75);
    expect(rtt.allowedAckDelayMs(0)).toBeCloseTo(25, 1);
  });
});

describe("the round trip of the path", () => {
  it("is the sample without the delay, from the first on, and the shortest of them until the path changes", () => {
    const rtt = new RttEstimator(100, 1000);
    expect(rtt.minPathMs).toBe(100);
    rtt.update(290, 250);
    expect([rtt.minPathMs, rtt.minMs, rtt.latestPathMs]).toEqual([40, 290, 40]);
    rtt.update(90, 30);
    expect([rtt.minPathMs, rtt.latestPathMs]).toEqual([40, 60]);
    rtt.onPathChanged();
    rtt.update(75, 5);
    expect([rtt.minPathMs, rtt.latestPathMs]).toEqual([70, 70]);
  });
});
