import { describe, expect, it } from "vitest";
import { expectAllTaken, failing } from "../../../tests/support/forgotten-await.js";
import { checkOptionNames } from "../src/index.js";

expectAllTaken();

describe("a promise that rejects after it was refused", () => {
  it("ends no process, as options and as one of them", () => {
    expect(() => checkOptionNames(failing(), { batches: true })).toThrow("got a promise");
    expect(() => checkOptionNames({ batches: failing() }, { batches: true })).not.toThrow();
    expect(() => checkOptionNames({ batchs: failing() }, { batches: true })).toThrow('got "batchs"');
  });
});

describe("options that are none", () => {
  it.each<[string, unknown]>([
    ["a promise", Promise.resolve({ batches: 4 })],
    ["an array", [{ batches: 4 }]],
    ["a function", () => ({ batches: 4 })],
    ["null", null],
    ["4", 4],
  ])("are refused, as all would have their defaults: %s", (got, options) => {
    const message = `"options" expected an object, got ${got}`;
    expect(() => checkOptionNames({ batches: 4 }, { batches: true })).not.toThrow();
    expect(() => checkOptionNames(options as never, { batches: true })).toThrow(new TypeError(message));
  });
});
