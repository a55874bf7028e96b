import { describe, expect, it } from "vitest";
import { type AdviceInput, SendAdvisor } from "../src/send-advice.js";

const GOOD: AdviceInput = { rttMs: 40, jitterMs: 5, loss: 0, rateBytesPerSecond: 100_000 };

/** One look a second; the divisor after each. */
class Looks {
  readonly advisor: SendAdvisor = new SendAdvisor(GOOD.rateBytesPerSecond);
  second = 0;
  changes = 0;

  run(seconds: number, input: Partial<AdviceInput> = {}): number[] {
    const seen: number[] = [];
    for (let i = 0; i < seconds; i++) {
      if (this.advisor.evaluate({ ...GOOD, ...input }, ++this.second * 1000)) this.changes += 1;
      seen.push(this.advisor.advice.updateDivisor);
    }
    return seen;
  }
}

describe("SendAdvisor", () => {
  it.each([
    ["queueing of 60 ms", { rttMs: 100 }, 2],
    ["queueing of 200 ms", { rttMs: 240 }, 4],
    ["jitter of 70 ms", { jitterMs: 70 }, 2],
    ["jitter of 130 ms", { jitterMs: 130 }, 4],
    ["loss of 8 %", { loss: 0.08 }, 2],
    ["loss of 20 %", { loss: 0.2 }, 4],
  ])(
    "%s calls for restraint in the second look, and for none five seconds after it has gone",
    (_which, bad, divisor) => {
      const looks = new Looks();
      looks.run(10);
      expect(looks.run(3, bad)).toEqual([1, divisor, divisor]);
      expect(looks.run(5)).toEqual(Array(5).fill(divisor));
      // One step at a time.
      expect(looks.run(1)).toEqual([divisor / 2]);
      expect(looks.run(7).at(-1)).toBe(1);
    },
  );

  it("finds nothing wrong with a long way that does not grow", () => {
    expect(new Looks().run(120, { rttMs: 600 })).toEqual(Array(120).fill(1));
  });

  it("takes a way that has grown for good as it is, after a minute at the most", () => {
    const looks = new Looks();
    looks.run(20, { rttMs: 20 });
    expect(looks.run(10, { rttMs: 400 }).at(-1)).toBe(4);
    expect(looks.run(80, { rttMs: 400 }).at(-1)).toBe(1);
  });

  it("passes over a single bad second", () => {
    const looks = new Looks();
    looks.run(5);
    for (let round = 0; round < 20; round++) {
      expect(looks.run(1, { rttMs: 400 })).toEqual([1]);
      expect(looks.run(2)).toEqual([1, 1]);
    }
  });

  it("does not flutter when a value swings around a bound", () => {
    const looks = new Looks();
    looks.run(5);
    const before = looks.changes;
    for (let i = 0; i < 300; i++) looks.run(1, { rttMs: i % 4 < 2 ? 95 : 85 });
    // Once to restraint, and back when 85 ms have become the shortest round trip of a minute.
    expect(looks.changes - before).toBeLessThanOrEqual(2);
  });

  it("waits twice as long each time that restraint was dropped too early, and less again on a good path", () => {
    const looks = new Looks();
    looks.run(5);
    const waits: number[] = [];
    for (let round = 0; round < 5; round++) {
      looks.run(2, { loss: 0.08 });
      let waited = 0;
      while (looks.run(1)[0] !== 1) waited += 1;
      waits.push(waited);
    }
    expect(waits).toEqual([5, 10, 20, 40, 60]);
    looks.run(60);
    looks.run(2, { loss: 0.08 });
    let waited = 0;
    while (looks.run(1)[0] !== 1) waited += 1;
    expect(waited).toBeLessThanOrEqual(10);
  });

  it("has the rate at once, and tells when it has changed by a third for three looks", () => {
    const looks = new Looks();
    expect(looks.advisor.advice.bytesPerSecond).toBe(100_000);
    looks.run(10);
    expect(looks.changes).toBe(0);
    const before = looks.changes;
    // The cycle of a controller that probes for bandwidth.
    for (let i = 0; i < 60; i++) looks.run(1, { rateBytesPerSecond: [125_000, 75_000, 100_000, 100_000][i % 4] ?? 0 });
    expect(looks.changes).toBe(before);
    looks.run(10, { rateBytesPerSecond: 20_000 });
    const { bytesPerSecond } = looks.advisor.advice;
    expect(bytesPerSecond).toBeLessThan(60_000);
    looks.run(20, { rateBytesPerSecond: 20_000 });
    expect(looks.advisor.advice.bytesPerSecond).toBeLessThan(30_000);
    expect(looks.changes - before).toBeLessThanOrEqual(4);
  });
});
