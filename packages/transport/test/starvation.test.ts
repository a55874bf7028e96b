import { describe, expect, it } from "vitest";
import { Starvation } from "../src/starvation.js";

describe("Starvation", () => {
  it("is told once, a second after the first time that no batch came, where there is none after turns either", () => {
    const starvation = new Starvation();
    expect(starvation.onNone(5000)).toBe("wait");
    expect(starvation.dueAtMs).toBe(6000);
    expect([5500, 5999].map((nowMs) => starvation.onNone(nowMs))).toEqual(["wait", "wait"]);
    expect(starvation.onNone(6000)).toBe("ask-again");
    expect(starvation.dueAtMs).toBe(Infinity);
    // However often it is asked in the turn in which the process stood still.
    expect([6000, 6000, 7500].map((nowMs) => starvation.onNone(nowMs))).toEqual(["wait", "wait", "wait"]);
    starvation.onTurns();
    expect(starvation.onNone(7501)).toBe("tell");
    expect([7502, 8000, 90_000].map((nowMs) => starvation.onNone(nowMs))).toEqual(["wait", "wait", "wait"]);
    expect([starvation.isHungry, starvation.dueAtMs]).toEqual([true, Infinity]);
  });

  it("is told again only after a batch came meanwhile", () => {
    const starvation = new Starvation();
    const none = (...times: number[]): string[] => times.map((nowMs) => starvation.onNone(nowMs));
    none(0, 1000);
    starvation.onTurns();
    expect(none(1000)).toEqual(["tell"]);
    starvation.onTurns();
    expect(none(1001)).toEqual(["wait"]);
    starvation.onSome();
    expect(none(2000, 2999, 3000)).toEqual(["wait", "wait", "ask-again"]);
    starvation.onTurns();
    expect(none(3000)).toEqual(["tell"]);
  });

  it("is nothing where a batch came by the time that it was asked again", () => {
    const starvation = new Starvation();
    starvation.onNone(0);
    expect(starvation.onNone(1500)).toBe("ask-again");
    starvation.onSome();
    expect(starvation.isHungry).toBe(false);
    starvation.onTurns();
    expect(starvation.onNone(1501)).toBe("wait");
    expect(starvation.dueAtMs).toBe(2501);
  });

  it("is nothing where a batch comes within the second", () => {
    const starvation = new Starvation();
    for (let nowMs = 0; nowMs < 5000; nowMs += 900) {
      expect(starvation.onNone(nowMs)).toBe("wait");
      starvation.onSome();
      expect(starvation.dueAtMs).toBe(Infinity);
    }
  });

  it("gives a transport its second again after the process stood still for long", () => {
    const starvation = new Starvation();
    starvation.onNone(0);
    expect(starvation.onNone(60_000)).toBe("wait");
    expect(starvation.dueAtMs).toBe(61_000);
    expect(starvation.onNone(61_500)).toBe("ask-again");
  });
});
