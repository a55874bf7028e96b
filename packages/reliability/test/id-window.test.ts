import { sequenceAdd } from "@sortie/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ID_WINDOW, IdWindow, MAX_ID_LEAP } from "../src/id-window.js";

const FIRST_IDS = [0, 1, 500, 32_767, 32_768, 65_000, 65_535];

describe("IdWindow, lossless", () => {
  it("starts at the first ID and moves over what is complete", () => {
    const window = new IdWindow("lossless");
    expect(window.base).toBe(0);
    expect(window.mark(1)).toBe("new");
    expect(window.base).toBe(0);
    expect(window.mark(0)).toBe("new");
    expect(window.base).toBe(2);
    expect(window.check(0)).toBe("duplicate");
    expect(window.mark(1)).toBe("duplicate");
  });

  it("check changes nothing", () => {
    const window = new IdWindow("lossless");
    for (let i = 0; i < 3; i++) expect(window.check(7)).toBe("new");
    expect(window.mark(7)).toBe("new");
    for (let i = 0; i < 3; i++) expect(window.check(7)).toBe("duplicate");
    expect(window.base).toBe(0);
  });

  it.each(FIRST_IDS)("has 1024 IDs and refuses those beyond, from %d", (first) => {
    const window = new IdWindow("lossless", first);
    const last = sequenceAdd(first, ID_WINDOW - 1);
    expect(window.check(last)).toBe("new");
    expect(window.check(sequenceAdd(last, 1))).toBe("beyond");
    expect(window.mark(sequenceAdd(last, 1))).toBe("beyond");
    expect(window.check(sequenceAdd(first, 32_767))).toBe("beyond");
    expect(window.check(sequenceAdd(first, -1))).toBe("duplicate");
    expect(window.check(sequenceAdd(first, -32_768))).toBe("duplicate");
    window.mark(first);
    expect(window.check(sequenceAdd(last, 1))).toBe("new");
    expect(window.check(sequenceAdd(last, 2))).toBe("beyond");
  });

  it("T42 takes every ID once over three turns of the circle, in order", () => {
    const window = new IdWindow("lossless", 65_000);
    for (let i = 0; i < 200_000; i++) {
      const id = sequenceAdd(65_000, i);
      if (window.mark(id) !== "new" || window.check(id) !== "duplicate") expect.fail(`at ${i}`);
    }
    expect(window.base).toBe(sequenceAdd(65_000, 200_000));
  });

  it("T42 takes every ID once when whole windows come backwards, across the wrap", () => {
    const window = new IdWindow("lossless", 65_100);
    for (let block = 0; block < 70; block++) {
      const base = window.base;
      for (let i = ID_WINDOW - 1; i >= 0; i--) {
        if (window.mark(sequenceAdd(base, i)) !== "new") expect.fail(`block ${block}, ${i}`);
      }
      expect(window.base).toBe(sequenceAdd(base, ID_WINDOW));
    }
  });

  it("T28 knows a late duplicate after completion, window after window", () => {
    const window = new IdWindow("lossless", 65_535);
    for (let i = 0; i < 30_000; i++) window.mark(sequenceAdd(65_535, i));
    for (const back of [1, 2, 1023, 1024, 1025, 20_000]) {
      expect(window.check(sequenceAdd(window.base, -back))).toBe("duplicate");
    }
  });

  it("property: agrees with a set of unwrapped numbers", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...FIRST_IDS),
        fc.array(fc.integer({ min: -1500, max: 1500 }), { maxLength: 300 }),
        (first, jumps) => {
          const window = new IdWindow("lossless", first);
          const marked = new Set<number>();
          let base = 0;
          for (const jump of jumps) {
            const number = base + (jump % 3 === 0 ? jump : jump % 40);
            const wanted = number < base || marked.has(number) ? "duplicate" : number >= base + 1024 ? "beyond" : "new";
            expect(window.check(sequenceAdd(first, number))).toBe(wanted);
            expect(window.mark(sequenceAdd(first, number))).toBe(wanted);
            if (wanted === "new") marked.add(number);
            while (marked.has(base)) base += 1;
            expect(window.base).toBe(sequenceAdd(first, base));
          }
        },
      ),
      { seed: 5, numRuns: 200 },
    );
  });
});

describe("IdWindow, sliding", () => {
  it.each(FIRST_IDS)("begins at the first ID: none before it was ever sent, from %d", (first) => {
    const window = new IdWindow("sliding", first);
    expect(window.check(first)).toBe("new");
    expect(window.check(sequenceAdd(first, -1))).toBe("duplicate");
    expect(window.check(sequenceAdd(first, -1024))).toBe("duplicate");
    expect(window.check(sequenceAdd(first, -1025))).toBe("old");
    expect(window.mark(sequenceAdd(first, 3))).toBe("new");
    expect(window.check(first)).toBe("new");
    expect(window.check(sequenceAdd(first, -1))).toBe("duplicate");
  });

  it.each(FIRST_IDS)("refuses as old what is 1024 below the newest, from %d", (first) => {
    const window = new IdWindow("sliding", first);
    const newest = sequenceAdd(first, 5000);
    expect(window.mark(newest)).toBe("new");
    expect(window.check(sequenceAdd(newest, -1023))).toBe("new");
    expect(window.check(sequenceAdd(newest, -1024))).toBe("old");
    expect(window.mark(sequenceAdd(newest, -1024))).toBe("old");
    expect(window.base).toBe(sequenceAdd(newest, -1023));
    expect(window.check(newest)).toBe("duplicate");
  });

  it("forgets what the window left behind when an ID's place is used again", () => {
    const window = new IdWindow("sliding");
    for (let id = 0; id < 1024; id++) window.mark(id);
    window.mark(1500);
    expect(window.check(1499)).toBe("new");
    expect(window.check(1024)).toBe("new");
    expect(window.check(1023)).toBe("duplicate");
    expect(window.check(477)).toBe("duplicate");
    expect(window.check(476)).toBe("old");
  });

  it.each([1, 1022, 1023, 1024, 1025, 2047, 2048, 30_000, MAX_ID_LEAP])("leaps by %d", (leap) => {
    const window = new IdWindow("sliding", 65_500);
    const before = sequenceAdd(65_500, 10);
    window.mark(before);
    const after = sequenceAdd(before, leap);
    expect(window.mark(after)).toBe("new");
    expect(window.check(after)).toBe("duplicate");
    expect(window.check(before)).toBe(leap <= 1023 ? "duplicate" : "old");
    if (leap > 1) expect(window.check(sequenceAdd(after, -1))).toBe("new");
    expect(window.check(sequenceAdd(after, 1))).toBe("new");
  });

  it("takes a leap beyond half of the circle for old: a sender may not do that", () => {
    const window = new IdWindow("sliding");
    window.mark(0);
    expect(window.check(MAX_ID_LEAP)).toBe("new");
    expect(window.check(MAX_ID_LEAP + 1)).toBe("old");
  });

  it("T42 takes every ID once over three turns of the circle, with gaps", () => {
    const window = new IdWindow("sliding", 65_300);
    for (let i = 0; i < 200_000; i += 1 + (i % 7)) {
      const id = sequenceAdd(65_300, i);
      if (window.mark(id) !== "new" || window.mark(id) !== "duplicate") expect.fail(`at ${i}`);
    }
  });

  it("property: agrees with a set of unwrapped numbers", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...FIRST_IDS),
        fc.array(fc.integer({ min: -3000, max: 3000 }), { maxLength: 300 }),
        (first, jumps) => {
          const window = new IdWindow("sliding", first);
          const marked = new Set<number>();
          let newest = -1;
          for (const jump of jumps) {
            const number = newest + (jump % 5 === 0 ? jump : jump % 50);
            const wanted = number <= newest - 1024 ? "old" : number < 0 || marked.has(number) ? "duplicate" : "new";
            expect(window.check(sequenceAdd(first, number))).toBe(wanted);
            expect(window.mark(sequenceAdd(first, number))).toBe(wanted);
            if (wanted === "new") {
              marked.add(number);
              newest = Math.max(newest, number);
            }
            expect(window.base).toBe(sequenceAdd(first, newest - 1023));
          }
        },
      ),
      { seed: 6, numRuns: 200 },
    );
  });
});

describe("IdWindow, configuration", () => {
  it.each([-1, 65_536, 1.5, NaN])("refuses %d as first ID", (first) => {
    expect(() => new IdWindow("lossless", first)).toThrow(`"firstId" expected 0..65535, got ${first}`);
  });
});
