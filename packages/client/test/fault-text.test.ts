import { describe, expect, it } from "vitest";
import { faultText } from "../src/fault-text.js";

describe("the text of a fault", () => {
  it.each([
    [new TypeError("no window"), "no window"],
    ["thrown as text", "thrown as text"],
    [new Error(""), "an error without a message"],
    [Object.assign(new Error("x"), { message: 5 }), "an error without a message"],
    ["", "a string was thrown"],
    [undefined, "undefined was thrown"],
    [Object.create(null), "an object was thrown"],
    [new Error("x".repeat(200)), "x".repeat(200)],
    [new Error("x".repeat(201)), `${"x".repeat(200)}…`],
  ])("is what it says of itself, cut to 200 characters and never empty (%#)", (fault, text) => {
    expect(faultText(fault)).toBe(text);
  });
});
