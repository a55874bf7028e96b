import { describe, expect, it } from "vitest";
import { ByteCopier } from "../src/index.js";

const SOURCE = Uint8Array.from({ length: 300 }, (_, i) => (i * 7 + 1) & 0xff);

describe("ByteCopier", () => {
  it("copies every length from and to every alignment, and nothing beside it", () => {
    const copier = new ByteCopier();
    for (let length = 0; length <= 280; length++) {
      for (const [from, at] of [
        [0, 0],
        [3, 5],
        [8, 1],
      ] as const) {
        const target = new Uint8Array(320).fill(0xee);
        copier.copy(SOURCE, from, from + length, target, at);
        const expected = new Uint8Array(320).fill(0xee);
        for (let i = 0; i < length; i++) expected[at + i] = SOURCE[from + i] as number;
        expect(target, `${length} bytes from ${from} to ${at}`).toEqual(expected);
      }
    }
  });

  it("copies by a view of the target that it is given", () => {
    const copier = new ByteCopier();
    const targets = [new Uint8Array(400), new Uint8Array(400)];
    const views = targets.map((target) => new DataView(target.buffer));
    for (let length = 1; length <= 280; length += 3) {
      for (const [i, target] of targets.entries()) {
        copier.copy(SOURCE, 2, 2 + length, target.fill(0xee), 7, views[i]);
        expect(target.subarray(7, 7 + length), `${length} bytes`).toEqual(SOURCE.subarray(2, 2 + length));
        expect([target[6], target[7 + length]], `beside ${length} bytes`).toEqual([0xee, 0xee]);
      }
    }
  });

  it("copies a whole array", () => {
    const target = new Uint8Array(310);
    new ByteCopier().copy(SOURCE, 0, SOURCE.length, target, 10);
    expect(target.subarray(10)).toEqual(SOURCE);
  });
});
