import { describe, expect, it } from "vitest";
import { expectNumber } from "../src/expect-number.js";

describe("expectNumber", () => {
  it("accepts both ends and fractions between", () => {
    expectNumber("x", 1, 1, 3);
    expectNumber("x", 3, 1, 3);
    expectNumber("x", 1.5, 1, 3);
    expectNumber("x", Infinity, 0, Infinity);
  });

  it("says label, expectation and what came", () => {
    expect(() => expectNumber("limitBytes", 4, 1, 3)).toThrow(new RangeError('"limitBytes" expected 1..3, got 4'));
    expect(() => expectNumber("limitBytes", NaN, 1, 3)).toThrow(new RangeError('"limitBytes" expected 1..3, got NaN'));
    expect(() => expectNumber("limitBytes", "2" as unknown as number, 1, 3)).toThrow(
      new TypeError('"limitBytes" expected a number, got string'),
    );
  });
});
