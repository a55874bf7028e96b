import fc from "fast-check";
import { MAX_PACKET_NUMBER } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { REPLAY_WINDOW_PACKETS, ReplayWindow } from "../src/index.js";

const WINDOW = REPLAY_WINDOW_PACKETS;

function windowAt(...accepted: number[]): ReplayWindow {
  const window = new ReplayWindow();
  for (const packetNumber of accepted) window.accept(packetNumber);
  return window;
}

describe("ReplayWindow", () => {
  it("covers 1024 packets and starts with none", () => {
    expect(WINDOW).toBe(1024);
    const window = new ReplayWindow();
    expect(window.largest).toBe(-1);
    expect(window.check(0)).toBe("fresh");
    expect(window.check(MAX_PACKET_NUMBER)).toBe("fresh");
  });

  it("T02 knows each number of the window again, and no other", () => {
    const window = new ReplayWindow();
    for (let i = 0; i < 3000; i++) {
      expect(window.check(i)).toBe("fresh");
      window.accept(i);
      expect(window.check(i)).toBe("duplicate");
      expect(window.largest).toBe(i);
    }
    for (let i = 0; i < 3000; i++) expect(window.check(i)).toBe(i <= 2999 - WINDOW ? "too-old" : "duplicate");
    expect(window.check(3000)).toBe("fresh");
  });

  it("T01 refuses every number below the window, at every age", () => {
    const window = windowAt(10, 11, 12, 1_000_000);
    for (const old of [0, 10, 11, 12, 13, 1_000_000 - WINDOW, 1_000_000 - 2 * WINDOW, 1_000_000 - 2048 - 1]) {
      expect(window.check(old)).toBe("too-old");
    }
    expect(window.check(1_000_000 - WINDOW + 1)).toBe("fresh");
  });

  it("takes late packets in any order, up to the last place of the window", () => {
    const window = windowAt(5000);
    for (const late of [4999, 5000 - WINDOW + 1, 4500, 4031, 4032]) {
      expect(window.check(late)).toBe("fresh");
      window.accept(late);
      expect(window.check(late)).toBe("duplicate");
      expect(window.largest).toBe(5000);
    }
    expect(window.check(4998)).toBe("fresh");
    expect(window.check(5000 - WINDOW)).toBe("too-old");
  });

  it("T03 asking moves nothing, whatever the number", () => {
    const window = windowAt(100);
    for (let i = 0; i < 10; i++) expect(window.check(MAX_PACKET_NUMBER - i)).toBe("fresh");
    expect(window.largest).toBe(100);
    expect(window.check(99)).toBe("fresh");
    expect(window.check(100)).toBe("duplicate");
  });

  it.each([1, 31, 32, 33, 1023, 1024, 1025, 2015, 2016, 2017, 2047, 2048, 2049, 4096, 2 ** 31, 2 ** 32, 2 ** 40])(
    "T06 forgets what is out of the window after a leap of %i, and nothing else",
    (leap) => {
      for (const start of [0, 31, 32, 2047, 2 ** 32 - 1, 2 ** 32]) {
        const window = windowAt(start, start + leap);
        expect(window.largest).toBe(start + leap);
        expect(window.check(start)).toBe(leap < WINDOW ? "duplicate" : "too-old");
        for (let behind = 1; behind < WINDOW && start + leap - behind >= 0; behind++) {
          if (behind !== leap) expect(window.check(start + leap - behind)).toBe("fresh");
        }
      }
    },
  );

  it("T04 is right at the top of the number space", () => {
    const window = windowAt(MAX_PACKET_NUMBER - 1, MAX_PACKET_NUMBER);
    expect(window.largest).toBe(MAX_PACKET_NUMBER);
    expect(window.check(MAX_PACKET_NUMBER)).toBe("duplicate");
    expect(window.check(MAX_PACKET_NUMBER - 1)).toBe("duplicate");
    expect(window.check(MAX_PACKET_NUMBER - 2)).toBe("fresh");
    expect(window.check(MAX_PACKET_NUMBER - WINDOW + 1)).toBe("fresh");
    expect(window.check(MAX_PACKET_NUMBER - WINDOW)).toBe("too-old");
    expect(window.check(MAX_PACKET_NUMBER + 1)).toBe("too-old");
  });

  it("T06 bounds the work of leaps over the whole space", () => {
    // A loop over the numbers in between would not end within the test's time.
    for (let i = 0; i < 1000; i++) expect(windowAt(0, MAX_PACKET_NUMBER - i).largest).toBe(MAX_PACKET_NUMBER - i);
  });

  it("accepting twice, or below the window, changes nothing", () => {
    const window = windowAt(2000, 2000, 2000 - WINDOW, 0);
    expect(window.largest).toBe(2000);
    for (let i = 1; i < WINDOW; i++) expect(window.check(2000 - i)).toBe("fresh");
    expect(window.check(2000 - WINDOW)).toBe("too-old");
    // A number a whole ring below shares its bit with one in the window.
    expect(windowAt(5000, 5000 - 2048).check(5000)).toBe("duplicate");
    expect(windowAt(5000, 4900 - 2048).check(4900)).toBe("fresh");
  });

  it("refuses to record what is no packet number, and calls it too old", () => {
    const window = windowAt(7);
    for (const bad of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, MAX_PACKET_NUMBER + 1]) {
      expect(() => window.accept(bad)).toThrow(RangeError);
    }
    for (const bad of [-1, Number.NaN, Number.POSITIVE_INFINITY]) expect(window.check(bad)).toBe("too-old");
    expect(window.largest).toBe(7);
  });

  it("agrees with a set of numbers over random walks", () => {
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: -1100, max: 40 }) },
      { weight: 2, arbitrary: fc.integer({ min: -3000, max: 3000 }) },
      { weight: 1, arbitrary: fc.constantFrom(2 ** 31, 2 ** 32, -(2 ** 32), 2 ** 45) },
    );
    const starts = fc.constantFrom(0, 1, 1000, 2 ** 31 - 5, 2 ** 32 - 5, 2 ** 47);
    fc.assert(
      fc.property(starts, fc.array(step, { maxLength: 300 }), (start, steps) => {
        const window = new ReplayWindow();
        const seen = new Set<number>();
        let largest = -1;
        let at = start;
        for (const delta of steps) {
          at = Math.min(MAX_PACKET_NUMBER, Math.max(0, (largest < 0 ? at : largest) + delta));
          const expected = at <= largest - WINDOW ? "too-old" : seen.has(at) ? "duplicate" : "fresh";
          if (window.check(at) !== expected) return false;
          if (expected !== "fresh") continue;
          window.accept(at);
          seen.add(at);
          largest = Math.max(largest, at);
          if (window.largest !== largest) return false;
        }
        return true;
      }),
      { numRuns: 300, seed: 1024 },
    );
  });
});
