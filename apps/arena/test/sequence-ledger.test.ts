import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SequenceLedger } from "../src/index.js";

describe("SequenceLedger", () => {
  it("counts nothing at first", () => {
    const ledger = new SequenceLedger();
    expect(ledger).toMatchObject({ distinct: 0, duplicates: 0, late: 0, highest: -1 });
    expect(ledger.missingBelow(0)).toBe(0);
    expect(ledger.missingBelow(3)).toBe(3);
  });

  it("finds a lost, a doubled and a late number", () => {
    const ledger = new SequenceLedger();
    expect([0, 1, 3, 3, 2, 5].map((number) => ledger.record(number))).toEqual([
      "new",
      "new",
      "new",
      "duplicate",
      "late",
      "new",
    ]);
    expect(ledger).toMatchObject({ distinct: 5, duplicates: 1, late: 1, highest: 5 });
    expect(ledger.missingBelow(6)).toBe(1);
    expect(ledger.missingBelow(4)).toBe(0);
    expect(ledger.missingBelow(8)).toBe(3);
  });

  it("may begin anywhere", () => {
    const ledger = new SequenceLedger(1_000);
    expect(ledger.record(999)).toBe("duplicate");
    expect(ledger.record(1_000)).toBe("new");
    expect(ledger.record(1_002)).toBe("new");
    expect(ledger.missingBelow(1_003)).toBe(1);
  });

  it("still counts what its window has left behind", () => {
    const ledger = new SequenceLedger();
    for (let number = 0; number < 20_000; number++) {
      if (number % 100 !== 7) ledger.record(number);
    }
    expect(ledger.missingBelow(20_000)).toBe(200);
    expect(ledger.record(19_999)).toBe("duplicate");
    expect(ledger.record(19_907)).toBe("late");
    expect(ledger.missingBelow(20_000)).toBe(199);
    expect(ledger.record(7), "behind the window").toBe("duplicate");
  });

  it("takes a leap over its whole window in bounded time", () => {
    const ledger = new SequenceLedger();
    ledger.record(0);
    ledger.record(2);
    ledger.record(0xffff_ffff);
    expect(ledger.distinct).toBe(3);
    expect(ledger.missingBelow(0x1_0000_0000)).toBe(0x1_0000_0000 - 3);
  });

  it("agrees with a set of all numbers, whatever is lost, doubled and reordered", () => {
    const step = fc.record({ forward: fc.integer({ min: -40, max: 60 }), leap: fc.constantFrom(0, 0, 0, 0, 5_000) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.nat(100), (steps, first) => {
        const ledger = new SequenceLedger(first);
        const seen = new Set<number>();
        let duplicates = 0;
        let highest = first - 1;
        let number = first;
        for (const { forward, leap } of steps) {
          number = Math.max(0, number + forward + leap);
          // Numbers behind the window are duplicates by definition.
          if (number < first || number <= highest - 4_096 || seen.has(number)) duplicates++;
          else seen.add(number);
          highest = Math.max(highest, number);
          ledger.record(number);
        }
        expect(ledger.distinct).toBe(seen.size);
        expect(ledger.duplicates).toBe(duplicates);
        expect(ledger.missingBelow(highest + 1)).toBe(highest + 1 - first - seen.size);
      }),
      { seed: 8 },
    );
  });
});
