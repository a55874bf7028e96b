import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeUtf8, encodeUtf8, encodeUtf8Limited, isUtf8 } from "../src/index.js";
import { hex, toHex } from "./helpers.js";

describe("UTF-8", () => {
  it.each([
    ["", true],
    ["61c3a9e282acf09f9880", true],
    ["efbbbf61", true],
    ["00", true],
    ["ff", false],
    ["c3", false],
    ["c080", false],
    ["eda080", false],
    ["f4908080", false],
    ["e282", false],
  ])("%s: %s", (text, legal) => {
    const bytes = hex(text);
    expect(isUtf8(bytes, 0, bytes.length)).toBe(legal);
  });

  it("looks at the range it was given only", () => {
    expect(isUtf8(hex("ff61ff"), 1, 2)).toBe(true);
  });

  it("keeps a byte order mark: text is what was sent", () => {
    expect(decodeUtf8(hex("efbbbf61"))).toBe("\ufeffa");
  });

  it.each([
    [0, ""],
    [1, "61"],
    [2, "61"],
    [3, "61c3a9"],
    [5, "61c3a9"],
    [6, "61c3a9e282ac"],
    [100, "61c3a9e282ac"],
  ])("cuts at a character's edge to at most %d bytes", (maxBytes, text) => {
    expect(toHex(encodeUtf8Limited("aé€", maxBytes))).toBe(text);
  });

  it("brings every text back, and a cut one is a beginning of it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.nat(20), (text, maxBytes) => {
        const bytes = encodeUtf8(text);
        expect(isUtf8(bytes, 0, bytes.length)).toBe(true);
        expect(decodeUtf8(bytes)).toBe(text);
        const cut = encodeUtf8Limited(text, maxBytes);
        expect(cut.length).toBeLessThanOrEqual(maxBytes);
        expect(text.startsWith(decodeUtf8(cut))).toBe(true);
      }),
      { seed: 9 },
    );
  });
});
