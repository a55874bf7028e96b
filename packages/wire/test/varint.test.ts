import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteReader, ByteWriter, varintBytes } from "../src/index.js";
import { hex, toHex, varintUpTo, written } from "./helpers.js";

function read(text: string): { value: number; error: string | undefined; remaining: number } {
  const reader = new ByteReader().reset(hex(text));
  const value = reader.varint();
  return { value, error: reader.error, remaining: reader.remaining };
}

describe("varint", () => {
  // RFC 9000 appendix A.1. Its first sample, 151,288,809,941,952,652, is above 2^53 - 1 and is refused here.
  it("agrees with the samples of RFC 9000 A.1", () => {
    expect(read("c2197c5eff14e88c")).toEqual({ value: 0, error: "out-of-range", remaining: 0 });
    expect(read("9d7f3e7d")).toEqual({ value: 494_878_333, error: undefined, remaining: 0 });
    expect(read("7bbd")).toEqual({ value: 15_293, error: undefined, remaining: 0 });
    expect(read("25")).toEqual({ value: 37, error: undefined, remaining: 0 });
    expect(toHex(written((w) => w.varint(494_878_333)))).toBe("9d7f3e7d");
    expect(toHex(written((w) => w.varint(15_293)))).toBe("7bbd");
    expect(toHex(written((w) => w.varint(37)))).toBe("25");
  });

  it("refuses the last sample of RFC 9000 A.1: 37 in two bytes is not the shortest form", () => {
    expect(read("4025")).toEqual({ value: 0, error: "non-canonical", remaining: 0 });
  });

  it.each([
    [0, "00"],
    [0x3f, "3f"],
    [0x40, "4040"],
    [0x3fff, "7fff"],
    [0x4000, "80004000"],
    [0x3fff_ffff, "bfffffff"],
    [0x4000_0000, "c000000040000000"],
    [2 ** 32, "c000000100000000"],
    [2 ** 48 - 1, "c000ffffffffffff"],
    [2 ** 53 - 1, "c01fffffffffffff"],
  ])("writes %d as %s and reads it back", (value, text) => {
    expect(toHex(written((w) => w.varint(value)))).toBe(text);
    expect(varintBytes(value)).toBe(text.length / 2);
    expect(read(text)).toEqual({ value, error: undefined, remaining: 0 });
  });

  it.each(["4000", "403f", "80000000", "80003fff", "c000000000000000", "c00000003fffffff"])(
    "refuses %s, a longer form than needed",
    (text) => expect(read(text).error).toBe("non-canonical"),
  );

  it.each(["c020000000000000", "c020000000000001", "ffffffffffffffff"])("refuses %s, above 2^53 - 1", (text) => {
    expect(read(text).error).toBe("out-of-range");
  });

  it.each(["", "40", "80", "800000", "c0", "c0000000400000"])("refuses %j, which is cut short", (text) => {
    expect(read(text).error).toBe("truncated");
  });

  it.each([-1, -0.5, Number.NaN, Infinity, 2 ** 53])("does not write %d", (value) => {
    const writer = new ByteWriter().reset(new Uint8Array(8));
    expect(() => writer.varint(value)).toThrow(`"varint" expected 0..9007199254740991, got ${value}`);
    expect(writer.offset).toBe(0);
  });

  it("has one spelling for each value", () => {
    fc.assert(
      fc.property(varintUpTo(Number.MAX_SAFE_INTEGER), (value) => {
        const bytes = written((w) => w.varint(value));
        expect(bytes.length).toBe(varintBytes(value));
        const reader = new ByteReader().reset(bytes);
        expect(reader.varint()).toBe(value);
        expect(reader.error).toBeUndefined();
        expect(reader.remaining).toBe(0);
      }),
      { seed: 1, numRuns: 1000 },
    );
  });

  it("accepts only what it would write", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 8 }), (bytes) => {
        const reader = new ByteReader().reset(bytes);
        const value = reader.varint();
        if (reader.error !== undefined) return;
        expect(toHex(written((w) => w.varint(value)))).toBe(toHex(bytes.subarray(0, reader.offset)));
      }),
      { seed: 2, numRuns: 2000 },
    );
  });
});
