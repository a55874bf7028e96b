import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TokenBucket } from "../src/pacer.js";

describe("TokenBucket", () => {
  it("starts full and lets a burst through, then the rate", () => {
    const bucket = new TokenBucket(1000, 500, 0);
    expect(bucket.available(0)).toBe(500);
    expect(bucket.readyAt(500, 0)).toBe(0);
    bucket.take(500, 0);
    expect(bucket.available(0)).toBe(0);
    expect(bucket.readyAt(100, 0)).toBe(100);
    expect(bucket.available(100)).toBe(100);
    expect(bucket.readyAt(100, 100)).toBe(100);
  });

  it("never holds more than the burst, however long it rests", () => {
    const bucket = new TokenBucket(1000, 500, 0);
    bucket.take(500, 0);
    expect(bucket.available(1e9)).toBe(500);
  });

  it("starts full whatever the clock shows at first", () => {
    const bucket = new TokenBucket(1000, 500);
    bucket.take(500, 123_456_789);
    expect(bucket.available(123_456_789)).toBe(0);
    expect(bucket.available(123_456_799)).toBeCloseTo(10, 6);
  });

  it("lets a request above the burst through when full, and is then in debt", () => {
    const bucket = new TokenBucket(1000, 500, 0);
    expect(bucket.readyAt(800, 0)).toBe(0);
    bucket.take(800, 0);
    expect(bucket.available(0)).toBe(-300);
    expect(bucket.readyAt(100, 0)).toBe(400);
    expect(bucket.readyAt(800, 0)).toBe(800);
  });

  it("bounds the debt of takes that did not ask at one burst", () => {
    const bucket = new TokenBucket(1000, 500, 0);
    for (let i = 0; i < 100; i++) bucket.take(400, 0);
    expect(bucket.available(0)).toBe(-500);
    expect(bucket.readyAt(500, 0)).toBe(1000);
  });

  it("changes the rate from now on only", () => {
    const bucket = new TokenBucket(1000, 500, 0);
    bucket.take(500, 0);
    bucket.setRate(2000, 100);
    expect(bucket.available(100)).toBeCloseTo(100, 9);
    expect(bucket.available(200)).toBeCloseTo(300, 9);
  });

  it("changes the burst alone, and keeps what has come in when neither changes", () => {
    const bucket = new TokenBucket(1000, 500);
    bucket.take(500, 0);
    bucket.setRate(1000, 100, 500);
    expect(bucket.available(100)).toBe(100);
    bucket.setRate(1000, 200, 50);
    expect(bucket.available(200)).toBe(50);
    bucket.setRate(1000, 200, 800);
    expect(bucket.available(900)).toBe(750);
    expect(() => bucket.setRate(1000, 900, 0)).toThrow(RangeError);
  });

  it("stands still when the clock does, or steps back", () => {
    const bucket = new TokenBucket(1000, 500, 0);
    bucket.take(500, 1000);
    expect(bucket.available(900)).toBe(0);
    bucket.take(0, 900);
    expect(bucket.available(1000)).toBe(0);
    expect(bucket.available(1010)).toBeCloseTo(10, 9);
  });

  it("property: a caller that waits for readyAt never waits twice and never exceeds burst + rate * time", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000_000_000 }),
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.double({ min: 0, max: 1e9, noNaN: true }),
        fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 50 }),
        (rate, burst, start, sizes) => {
          const bucket = new TokenBucket(rate, burst, start);
          let now = start;
          let sent = 0;
          for (const wanted of sizes) {
            const size = Math.min(wanted, burst);
            const at = bucket.readyAt(size, now);
            expect(at).toBeGreaterThanOrEqual(now);
            if (at > now) {
              now = at;
              expect(bucket.readyAt(size, now)).toBe(now);
            }
            bucket.take(size, now);
            sent += size;
            // 1 byte of tolerance, and the rounding of times near 10^9 ms.
            expect(sent).toBeLessThanOrEqual(burst + ((now - start) * rate) / 1000 + 2);
          }
        },
      ),
      { seed: 2, numRuns: 300 },
    );
  });

  it("keeps its rate over many takes", () => {
    const bucket = new TokenBucket(1_000_000, 2400, 0);
    let now = 0;
    let sent = 0;
    while (now < 10_000) {
      now = bucket.readyAt(1200, now);
      bucket.take(1200, now);
      sent += 1200;
    }
    expect(sent).toBeGreaterThanOrEqual(10_000_000);
    expect(sent).toBeLessThanOrEqual(10_000_000 + 2400 + 1200);
  });

  it("refuses bad configuration", () => {
    expect(() => new TokenBucket(0, 1)).toThrow('"rateBytesPerSecond" expected 1..1000000000, got 0');
    expect(() => new TokenBucket(NaN, 1)).toThrow(RangeError);
    expect(() => new TokenBucket(1, 0)).toThrow('"burstBytes" expected 1..1000000000, got 0');
    expect(() => new TokenBucket(1, 1).setRate(-1, 0)).toThrow(RangeError);
  });
});
