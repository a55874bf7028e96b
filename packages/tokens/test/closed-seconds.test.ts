import { describe, expect, it } from "vitest";
import { ClosedSeconds } from "../src/closed-seconds.js";

/** Which of the seconds in `[from, to]` are closed. */
function closedIn(closed: ClosedSeconds, from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i).filter((second) => closed.has(second));
}

describe("ClosedSeconds", () => {
  it("has what was added, in any order, and nothing beside it", () => {
    const closed = new ClosedSeconds();
    const added = [7, 3, 4, 12, 5, 13, 3, 11, 20];
    for (const second of added) closed.add(second);
    expect(closedIn(closed, 0, 30)).toEqual([3, 4, 5, 7, 11, 12, 13, 20]);
    closed.add(6);
    expect(closedIn(closed, 0, 30)).toEqual([3, 4, 5, 6, 7, 11, 12, 13, 20]);
  });

  it("agrees with a set, whatever is added, while there are at most 64 stretches", () => {
    let random = 5;
    const next = (below: number): number => {
      random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
      return (random >>> 8) % below;
    };
    for (let round = 0; round < 50; round++) {
      const closed = new ClosedSeconds();
      const seen = new Set<number>();
      // Of 120 numbers no more than 60 stretches can be made.
      for (let i = 0; i < 100; i++) {
        const second = next(120);
        closed.add(second);
        seen.add(second);
        expect(closedIn(closed, -2, 122)).toEqual([...seen].sort((a, b) => a - b));
      }
    }
  });

  it("closes what lies between the two nearest of more than 64 stretches, and forgets none", () => {
    const closed = new ClosedSeconds();
    for (let i = 0; i < 63; i++) closed.add(i * 100);
    closed.add(10_000);
    expect(closedIn(closed, 0, 10_000)).toHaveLength(64);
    closed.add(10_003);
    expect(closedIn(closed, 6201, 20_000)).toEqual([10_000, 10_001, 10_002, 10_003]);
    expect(closedIn(closed, 0, 6200)).toHaveLength(63);
    for (let i = 0; i < 1000; i++) closed.add(20_000 + i * 50);
    for (let i = 0; i < 1000; i++) expect(closed.has(20_000 + i * 50)).toBe(true);
    expect(closed.has(15_000), "the widest gap stays open").toBe(false);
  });
});
