import { describe, expect, it } from "vitest";
import { WaitCredit } from "../src/wait-credit.js";

/** ms. What is believed on the average of waits that are told each 10 ms. */
function meanOf(waitAt: (nowMs: number) => number, fromMs: number, toMs: number): number {
  const credit = new WaitCredit();
  let sumMs = 0;
  for (let nowMs = 0; nowMs < toMs; nowMs += 10) {
    const believedMs = credit.believe(waitAt(nowMs), nowMs);
    expect(believedMs).toBeLessThanOrEqual(waitAt(nowMs));
    if (nowMs >= fromMs) sumMs += believedMs;
  }
  return sumMs / ((toMs - fromMs) / 10);
}

describe("WaitCredit", () => {
  it.each<[string, (nowMs: number) => number]>([
    ["20 ms all the time", () => 20],
    ["up to 38 ms, half a second each", (nowMs) => (nowMs % 1000 < 500 ? 38 : 0)],
    ["150 ms, a second of ten", (nowMs) => (nowMs % 10_000 < 1000 ? 150 : 0)],
  ])("believes waits of honest peers: %s", (_what, waitAt) => {
    let toldMs = 0;
    for (let nowMs = 0; nowMs < 60_000; nowMs += 10) toldMs += waitAt(nowMs) / 6000;
    expect(meanOf(waitAt, 0, 60_000)).toBeCloseTo(toldMs, 6);
  });

  it.each<[string, (nowMs: number) => number]>([
    ["for ever", () => 500],
    ["without end", () => Infinity],
    ["for a second of two", (nowMs) => (nowMs % 2000 < 1000 ? 500 : 0)],
    ["for 4 s of 20", (nowMs) => (nowMs % 20_000 < 4000 ? 500 : 0)],
    ["more and more", (nowMs) => nowMs / 100],
  ])("believes no more than 21 ms on the average of long ones, %s", (_what, waitAt) => {
    expect(meanOf(waitAt, 20_000, 100_000)).toBeLessThan(21);
    expect(meanOf(waitAt, 0, 5000)).toBeLessThan(101);
  });

  it("goes by the time that passes, and by none when it runs back", () => {
    const credit = new WaitCredit();
    expect(credit.believe(500, 0)).toBe(220);
    expect(credit.believe(500, 0)).toBe(220);
    expect(credit.believe(500, -500)).toBe(220);
    expect(credit.believe(500, 60_000)).toBe(20);
    expect(credit.believe(0, 60_000)).toBe(0);
    // 10 s, less what the wait may have stood for by now: 20 ms x 9.75 s, of which half may be used.
    expect(credit.believe(500, 70_000)).toBeCloseTo(20 + 97.5, 9);
  });

  it("is not saved by a short wait after each long one, nor spent by time in which nothing came", () => {
    const credit = new WaitCredit();
    let sumMs = 0;
    for (let nowMs = 0; nowMs < 20_000; nowMs += 20) {
      sumMs += credit.believe(500, nowMs) / 1000;
      credit.believe(0, nowMs + 1);
    }
    expect(sumMs).toBeLessThan(42);
    credit.believe(0, 100_000);
    expect(credit.believe(150, 160_000)).toBe(150);
  });
});
