import { describe, expect, it } from "vitest";
import { checkOptionNames } from "../src/index.js";

describe("a promise that rejects after it was refused", () => {
  it("ends no process, as options and as one of them", async () => {
    const unhandled: unknown[] = [];
    const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", onUnhandled);
    const failing = (): never => Promise.reject(new Error("the file is missing")) as never;
    expect(() => checkOptionNames(failing(), { batches: true })).toThrow("got a promise");
    expect(() => checkOptionNames({ batches: failing() }, { batches: true })).not.toThrow();
    expect(() => checkOptionNames({ batchs: failing() }, { batches: true })).toThrow('got "batchs"');
    // Node tells of it after the promises' turn.
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.off("unhandledRejection", onUnhandled);
    expect(unhandled).toEqual([]);
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
