import { describe, expect, it } from "vitest";
import { ByteCopier } from "../src/index.js";

const SOURCE = Uint8Array.from({ length: 300 }, (_, i) => (i * 7 + 1) & 0xff);

describe("ByteCopier", () => {
  it("copies every length from and to every alignment, and nothing beside it", () => {
    const copier = new ByteCopier();
    for (let length = 0; length <= 160; length++) {
      for (const [from, at] of [
        [0, 0],
        [3, 5],
        [8, 1],
      ] as const) {
        const target = new Uint8Array(200).fill(0xee);
        copier.copy(SOURCE, from, from + length, target, at);
        const expected = new Uint8Array(200).fill(0xee);
        for (let i = 0; i < length; i++) expected[at + i] = SOURCE[from + i] as number;
        expect(target, `${length} bytes from ${from} to ${at}`).toEqual(expected);
      }
    }
  });

  it("copies a whole array", () => {
    const target = new Uint8Array(310);
    new ByteCopier().copy(SOURCE, 0, SOURCE.length, target, 10);
    expect(target.subarray(10)).toEqual(SOURCE);
  });
});
