import { describe, expect, it } from "vitest";
import { Starvation } from "../src/starvation.js";

describe("Starvation", () => {
  it("is told once, a second after the first time that no batch came", () => {
    const starvation = new Starvation();
    expect(starvation.onNone(5000)).toBe(false);
    expect(starvation.dueAtMs).toBe(6000);
    expect([5500, 5999].map((nowMs) => starvation.onNone(nowMs))).toEqual([false, false]);
    expect(starvation.onNone(6000)).toBe(true);
    expect(starvation.dueAtMs).toBe(Infinity);
    expect([6001, 8000, 90_000].map((nowMs) => starvation.onNone(nowMs))).toEqual([false, false, false]);
  });

  it("is told again only after a batch came meanwhile", () => {
    const starvation = new Starvation();
    starvation.onNone(0);
    expect(starvation.onNone(1000)).toBe(true);
    starvation.onSome();
    expect([2000, 2999, 3000].map((nowMs) => starvation.onNone(nowMs))).toEqual([false, false, true]);
  });

  it("is nothing where a batch comes within the second", () => {
    const starvation = new Starvation();
    for (let nowMs = 0; nowMs < 5000; nowMs += 900) {
      expect(starvation.onNone(nowMs)).toBe(false);
      starvation.onSome();
      expect(starvation.dueAtMs).toBe(Infinity);
    }
  });

  it("gives a transport its second again after the process stood still", () => {
    const starvation = new Starvation();
    starvation.onNone(0);
    expect(starvation.onNone(60_000)).toBe(false);
    expect(starvation.dueAtMs).toBe(61_000);
    expect(starvation.onNone(61_500)).toBe(true);
  });
});
