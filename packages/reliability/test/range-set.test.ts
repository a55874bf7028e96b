import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RangeSet } from "../src/range-set.js";

/** The ranges of a set, read through its public face. */
function rangesOf(set: RangeSet): [number, number][] {
  const ranges: [number, number][] = [];
  for (let from = set.nextPresent(-1000); from !== Infinity;) {
    const to = set.nextAbsent(from);
    ranges.push([from, to]);
    from = set.nextPresent(to);
  }
  return ranges;
}

describe("RangeSet", () => {
  it("is empty at first", () => {
    const set = new RangeSet();
    expect([set.isEmpty, set.count, set.total, set.firstFrom, set.firstTo]).toEqual([true, 0, 0, -1, -1]);
    expect(set.nextPresent(0)).toBe(Infinity);
    expect(set.nextAbsent(7)).toBe(7);
    expect(set.remove(0, 10)).toBe(0);
    expect(set.contains(0, 1)).toBe(false);
    expect(set.contains(5, 5)).toBe(true);
  });

  it("merges what touches or overlaps and counts what is new", () => {
    const set = new RangeSet();
    expect(set.add(10, 20)).toBe(10);
    expect(set.add(30, 40)).toBe(10);
    expect(set.add(20, 25)).toBe(5); // touches the end
    expect(set.add(28, 30)).toBe(2); // touches a start
    expect(rangesOf(set)).toEqual([
      [10, 25],
      [28, 40],
    ]);
    expect(set.add(12, 24)).toBe(0);
    expect(set.add(24, 29)).toBe(3); // bridges
    expect(rangesOf(set)).toEqual([[10, 40]]);
    expect(set.add(0, 100)).toBe(70);
    expect([set.count, set.total, set.firstFrom, set.firstTo]).toEqual([1, 100, 0, 100]);
  });

  it("swallows many ranges at once", () => {
    const set = new RangeSet();
    for (let at = 0; at < 100; at += 10) set.add(at, at + 1);
    expect(set.count).toBe(10);
    expect(set.add(5, 85)).toBe(80 - 8);
    expect(rangesOf(set)).toEqual([
      [0, 1],
      [5, 85],
      [90, 91],
    ]);
  });

  it("removes from the front, the end, the middle, across ranges", () => {
    const set = new RangeSet();
    set.add(0, 100);
    expect(set.remove(0, 10)).toBe(10);
    expect(set.remove(90, 200)).toBe(10);
    expect(set.remove(40, 50)).toBe(10);
    expect(rangesOf(set)).toEqual([
      [10, 40],
      [50, 90],
    ]);
    expect(set.remove(30, 60)).toBe(20);
    expect(set.remove(35, 45)).toBe(0);
    expect(rangesOf(set)).toEqual([
      [10, 30],
      [60, 90],
    ]);
    expect(set.remove(-5, 1000)).toBe(50);
    expect(set.isEmpty).toBe(true);
    expect(set.total).toBe(0);
  });

  it("is not changed by empty or inverted ranges", () => {
    const set = new RangeSet();
    set.add(10, 20);
    expect(set.add(15, 15)).toBe(0);
    expect(set.add(30, 25)).toBe(0);
    expect(set.remove(15, 15)).toBe(0);
    expect(set.remove(16, 12)).toBe(0);
    expect(rangesOf(set)).toEqual([[10, 20]]);
  });

  it("stays exact for offsets above 32 bits", () => {
    const base = 2 ** 40;
    const set = new RangeSet();
    set.add(base, base + 10);
    set.add(base + 20, base + 30);
    expect(set.add(base + 5, base + 25)).toBe(10);
    expect([set.firstFrom, set.firstTo]).toEqual([base, base + 30]);
  });

  it("clears", () => {
    const set = new RangeSet();
    set.add(1, 5);
    set.add(7, 9);
    set.clear();
    expect([set.isEmpty, set.total, set.count]).toEqual([true, 0, 0]);
    expect(set.add(1, 2)).toBe(1);
  });

  it("property: agrees with a set of numbers", () => {
    const bound = fc.integer({ min: 0, max: 60 });
    const step = fc.record({ add: fc.boolean(), from: bound, to: bound });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), bound, bound, (steps, askFrom, askTo) => {
        const set = new RangeSet();
        const model = new Set<number>();
        for (const { add, from, to } of steps) {
          let changed = 0;
          for (let i = from; i < to; i++) {
            if (add !== model.has(i)) changed += 1;
            if (add) model.add(i);
            else model.delete(i);
          }
          expect(add ? set.add(from, to) : set.remove(from, to)).toBe(changed);
          expect(set.total).toBe(model.size);
          expect(set.isEmpty).toBe(model.size === 0);
        }
        const members: number[] = [];
        const ranges = rangesOf(set);
        for (const [from, to] of ranges) if (to <= from) expect.fail(`empty range at ${from}`);
        for (const [from, to] of ranges) for (let i = from; i < to; i++) members.push(i);
        expect(members).toEqual([...model].sort((a, b) => a - b));
        // Ranges that touched would have been read as one above.
        expect(set.count).toBe(ranges.length);
        expect(set.firstFrom).toBe(ranges[0]?.[0] ?? -1);
        expect(set.firstTo).toBe(ranges[0]?.[1] ?? -1);
        let all = true;
        for (let i = askFrom; i < askTo; i++) all &&= model.has(i);
        expect(set.contains(askFrom, askTo)).toBe(all);
        if (askFrom >= askTo) return;
        const count = set.countWith(askFrom, askTo);
        expect(set.count).toBe(ranges.length);
        set.add(askFrom, askTo);
        expect(count).toBe(set.count);
      }),
      { seed: 3, numRuns: 1000 },
    );
  });

  it("stays quick when ranges come in the worst order", () => {
    const set = new RangeSet();
    for (let at = 40_000; at > 0; at -= 2) set.add(at, at + 1);
    expect(set.count).toBe(20_000);
    for (let at = 1; at < 40_000; at += 2) set.add(at, at + 1);
    expect(set.count).toBe(1);
  });
});
