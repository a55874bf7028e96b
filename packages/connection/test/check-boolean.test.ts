import { describe, expect, it } from "vitest";
import { checkBoolean } from "../src/check-boolean.js";

describe("checkBoolean", () => {
  it("takes true, false and nothing", () => {
    for (const value of [true, false, undefined]) expect(() => checkBoolean("flag", value)).not.toThrow();
  });

  it.each([
    ["", '""'],
    ["true", '"true"'],
    [0, "0"],
    [null, "null"],
  ])("refuses %j, and names the option", (value, got) => {
    expect(() => checkBoolean("flag", value)).toThrow(new TypeError(`"flag" expected a boolean, got ${got}`));
  });
});
