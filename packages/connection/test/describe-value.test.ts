import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { describeKind, describeValue } from "../src/describe-value.js";

const PEM = "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n";

describe("what came, for messages", () => {
  it.each([
    [1474, "1474", "a number"],
    ["1474", '"1474"', "a string"],
    ["", '""', "a string"],
    [NaN, "NaN", "a number"],
    [-0.5, "-0.5", "a number"],
    [5n, "5n", "a bigint"],
    [true, "true", "a boolean"],
    [null, "null", "null"],
    [undefined, "undefined", "undefined"],
    [[1474], "an array", "an array"],
    [{}, "an object", "an object"],
    [Object.create(null), "an object", "an object"],
    [new Uint8Array(3), "3 bytes", "3 bytes"],
    [new ArrayBuffer(3), "an ArrayBuffer", "an ArrayBuffer"],
    [new SharedArrayBuffer(3), "a SharedArrayBuffer", "a SharedArrayBuffer"],
    [runInNewContext("new ArrayBuffer(3)"), "an ArrayBuffer", "an ArrayBuffer"],
    [new DataView(new ArrayBuffer(3)), "a DataView", "a DataView"],
    [new Int16Array(3), "an Int16Array", "an Int16Array"],
    [runInNewContext("new Uint8Array(3)"), "a Uint8Array of another realm", "a Uint8Array of another realm"],
    [Promise.resolve(1), "a promise", "a promise"],
    [() => 1, "a function", "a function"],
    [Symbol("x"), "a symbol", "a symbol"],
  ])("%s is %s, or %s", (value, shown, kind) => {
    expect([describeValue(value), describeKind(value)]).toEqual([shown, kind]);
  });

  it("never shows PEM, and of long texts the beginning only", () => {
    expect([describeValue(PEM), describeValue(` ${PEM}`), describeKind(PEM)]).toEqual([
      "PEM text",
      "PEM text",
      "a string",
    ]);
    expect(describeValue("x".repeat(64))).toBe(`"${"x".repeat(64)}"`);
    expect(describeValue("x".repeat(65))).toBe(`"${"x".repeat(64)}…" (65 characters)`);
  });
});
