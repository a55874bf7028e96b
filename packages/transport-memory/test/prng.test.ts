import { describe, expect, it } from "vitest";
import { Prng } from "../src/prng.js";

const DRAWS = 100_000;

describe("Prng", () => {
  it("gives the outputs of the reference implementation of xoshiro128**", () => {
    // State and outputs made with the authors' C code (xoshiro128starstar.c), as published by edorfaus/xoshiro-6502.
    const prng = Prng.fromState(0x964d4a0c, 0xd40ab895, 0xad7fdecb, 0x3006f0f0);
    const outputs = [prng.uint32(), prng.uint32(), prng.uint32(), prng.uint32()];
    expect(outputs).toEqual([0xf1391922, 0x6fe53806, 0xa5be2840, 0xf510ee70]);
  });

  it("gives the outputs that follow by hand from the state 1, 2, 3, 4", () => {
    const prng = Prng.fromState(1, 2, 3, 4);
    expect([prng.uint32(), prng.uint32(), prng.uint32()]).toEqual([11_520, 0, 5_927_040]);
  });

  it("repeats itself for the same seed and stream, and only then", () => {
    const draw = (seed: number, stream?: number[]): string => {
      const prng = new Prng(seed, stream);
      return [prng.uint32(), prng.uint32(), prng.uint32(), prng.uint32()].join();
    };
    expect(draw(7, [1, 2])).toBe(draw(7, [1, 2]));
    const others = [draw(7), draw(8), draw(7, [0]), draw(7, [1]), draw(7, [2, 1]), draw(7, [1, 2]), draw(7, [1, 2, 0])];
    expect(new Set(others).size).toBe(others.length);
  });

  it("is even: mean, variance and 256 bins of the top byte", () => {
    const prng = new Prng(1);
    const bins = new Float64Array(256);
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < DRAWS; i++) {
      const x = prng.float();
      if (!(x >= 0 && x < 1)) throw new Error(`outside [0, 1): ${x}`);
      sum += x;
      squares += x * x;
      bins[Math.floor(x * 256)]!++;
    }
    const mean = sum / DRAWS;
    expect(mean).toBeCloseTo(0.5, 2);
    expect(squares / DRAWS - mean * mean).toBeCloseTo(1 / 12, 2);
    // Chi-square with 255 degrees of freedom: 99.99 % lie below 347.
    const expected = DRAWS / 256;
    const chiSquare = bins.reduce((total, n) => total + (n - expected) ** 2 / expected, 0);
    expect(chiSquare).toBeLessThan(347);
  });

  it("has streams that do not go with each other", () => {
    for (const [a, b] of [
      [new Prng(1, [1]), new Prng(1, [2])],
      [new Prng(1, [0]), new Prng(2, [0])],
      [new Prng(1, [1, 2]), new Prng(1, [2, 1])],
    ] as const) {
      let product = 0;
      for (let i = 0; i < DRAWS; i++) product += (a.float() - 0.5) * (b.float() - 0.5);
      // Correlation; its standard error is 1 / sqrt(100,000) = 0.003.
      expect(Math.abs((product / DRAWS) * 12)).toBeLessThan(0.015);
    }
  });

  it("draws integers below a limit, all of them", () => {
    const prng = new Prng(3);
    const seen = new Set<number>();
    for (let i = 0; i < 1000; i++) seen.add(prng.below(6));
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(prng.below(1)).toBe(0);
  });

  it("never takes a chance of 0 and always one of 1", () => {
    const prng = new Prng(4);
    for (let i = 0; i < 1000; i++) {
      expect(prng.chance(0)).toBe(false);
      expect(prng.chance(1)).toBe(true);
    }
  });

  it.each([-1, 2 ** 32, 1.5, Number.NaN])("refuses the seed %s", (seed) => {
    expect(() => new Prng(seed)).toThrow(RangeError);
    expect(() => new Prng(seed)).toThrow(`"seed" expected an integer in 0..4294967295, got ${seed}`);
  });

  it("refuses the state of all zeros, which it could not leave", () => {
    expect(() => Prng.fromState(0, 0, 0, 0)).toThrow(RangeError);
  });
});
