import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { givenAtOnce } from "../src/given-at-once.js";

describe("givenAtOnce", () => {
  it("gives what is no promise", () => {
    for (const value of ["ann", null, undefined, { then: "no function" }]) {
      expect(givenAtOnce("playerId", value)).toBe(value);
    }
  });

  it.each<[string, () => unknown]>([
    ["a promise", () => Promise.reject(new Error("no database"))],
    ["a promise of another realm", () => runInNewContext('Promise.reject(new Error("no database"))') as unknown],
    ["a promise of a library", () => ({ then: (_: unknown, reject: (e: Error) => void) => reject(new Error("no")) })],
  ])("refuses %s, and takes its rejection", async (_, give) => {
    const message = '"playerId" expected to give what it has at once, got a promise';
    expect(() => givenAtOnce("playerId", give())).toThrow(new TypeError(message));
    // The test runner fails for a rejection that nobody took.
    await new Promise((resolve) => setImmediate(resolve));
  });
});
