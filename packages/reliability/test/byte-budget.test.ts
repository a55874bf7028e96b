import { describe, expect, it } from "vitest";
import { ByteBudget } from "../src/byte-budget.js";

describe("ByteBudget", () => {
  it("charges up to the limit and not a byte more", () => {
    const budget = new ByteBudget(100);
    expect(budget.limit).toBe(100);
    expect(budget.tryCharge(60)).toBe(true);
    expect(budget.tryCharge(41)).toBe(false);
    expect(budget.used).toBe(60);
    expect(budget.tryCharge(40)).toBe(true);
    expect(budget.used).toBe(100);
    expect(budget.tryCharge(0)).toBe(true);
    expect(budget.tryCharge(1)).toBe(false);
    budget.release(100);
    expect(budget.used).toBe(0);
  });

  it("finds wrong books", () => {
    const budget = new ByteBudget(100);
    budget.tryCharge(10);
    expect(() => budget.release(11)).toThrow('"bytes" expected 0..10, got 11');
    expect(() => budget.release(-1)).toThrow(RangeError);
    expect(() => budget.tryCharge(-1)).toThrow(RangeError);
    expect(() => budget.tryCharge(NaN)).toThrow(RangeError);
    expect(budget.used).toBe(10);
  });

  it("may be without a limit or without room", () => {
    expect(new ByteBudget(Infinity).tryCharge(2 ** 40)).toBe(true);
    expect(new ByteBudget(0).tryCharge(1)).toBe(false);
    expect(() => new ByteBudget(-1)).toThrow('"limitBytes" expected 0..Infinity, got -1');
    expect(() => new ByteBudget(NaN)).toThrow(RangeError);
  });
});
