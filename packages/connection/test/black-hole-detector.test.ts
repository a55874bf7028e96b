import { describe, expect, it } from "vitest";
import { BlackHoleDetector } from "../src/black-hole-detector.js";

describe("BlackHoleDetector", () => {
  it("needs three large packets lost with nothing as large behind them, and smaller ones that arrived", () => {
    const detector = new BlackHoleDetector();
    detector.onAcked(1, 1400);
    for (let number = 2; number <= 6; number += 2) {
      expect(detector.detected).toBe(false);
      detector.onAcked(number + 1, 100);
      detector.onLost(number, 1400);
    }
    expect(detector.detected).toBe(true);
  });

  it("does not hold a loss against the size when a later packet of that size arrived", () => {
    const detector = new BlackHoleDetector();
    for (let number = 0; number < 200; number += 2) {
      detector.onAcked(number + 1, 1400);
      detector.onLost(number, 1400);
      expect(detector.detected).toBe(false);
    }
  });

  it("acquits when one as large as the smallest suspect arrives, but not for a smaller one", () => {
    const detector = new BlackHoleDetector();
    detector.onAcked(0, 100);
    detector.onLost(1, 1440);
    detector.onLost(2, 1300);
    detector.onAcked(10, 1250);
    detector.onLost(3, 1440);
    expect(detector.detected).toBe(true);
    detector.onAcked(11, 1310);
    expect(detector.detected).toBe(false);
  });

  it("is not misled by a late acknowledgement from before", () => {
    const detector = new BlackHoleDetector();
    detector.onAcked(100, 50);
    for (const number of [50, 52, 54]) detector.onLost(number, 1400);
    detector.onAcked(40, 1400);
    expect(detector.detected).toBe(true);
  });

  it("takes loss of all sizes for an outage", () => {
    const detector = new BlackHoleDetector();
    for (let number = 0; number < 60; number++) detector.onAcked(number, 100);
    for (let number = 60; number < 120; number++) detector.onLost(number, number % 3 === 0 ? 1400 : 100);
    detector.onAcked(121, 100);
    expect(detector.detected).toBe(false);
    // What follows shows that it was none.
    for (let number = 122; number < 160; number++) detector.onAcked(number, number % 3 === 0 ? 1400 : 100);
    expect(detector.detected).toBe(false);
  });

  it("ignores packets that every path carries", () => {
    const detector = new BlackHoleDetector();
    detector.onAcked(1000, 100);
    for (let number = 0; number < 100; number++) detector.onLost(number, 1200);
    expect(detector.detected).toBe(false);
  });
});
