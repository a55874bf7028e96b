import { describe, expect, it } from "vitest";
import { RandomPool } from "../src/random-pool.js";

/** Counts up from 0, byte by byte, and remembers what it was asked for. */
function countingSource(): { source: { randomBytes(length: number): Uint8Array }; asked: number[] } {
  const asked: number[] = [];
  let next = 0;
  const randomBytes = (length: number): Uint8Array => {
    asked.push(length);
    return Uint8Array.from({ length }, () => next++ & 0xff);
  };
  return { source: { randomBytes }, asked };
}

describe("RandomPool", () => {
  it("gives each four bytes once, as unsigned 32-bit numbers", () => {
    const { source, asked } = countingSource();
    const pool = new RandomPool(source);
    expect(asked).toEqual([]);
    expect(pool.u32()).toBe(0x0001_0203);
    expect(pool.u32()).toBe(0x0405_0607);
    for (let i = 2; i < 32; i++) pool.u32();
    expect(pool.u32()).toBe(0x8081_8283);
  });

  it("fetches 1024 bytes for 256 numbers, and leaves none out where pools meet", () => {
    const { source, asked } = countingSource();
    const pool = new RandomPool(source);
    const numbers = Array.from({ length: 600 }, () => pool.u32());
    expect(asked).toEqual([1024, 1024, 1024]);
    const period = numbers.slice(0, 64);
    numbers.forEach((number, i) => expect(number).toBe(period[i % 64]));
  });

  it("reaches both ends of the range", () => {
    expect(new RandomPool({ randomBytes: (n) => new Uint8Array(n).fill(0xff) }).u32()).toBe(0xffff_ffff);
    expect(new RandomPool({ randomBytes: (n) => new Uint8Array(n) }).u32()).toBe(0);
  });

  it("fails closed: a generator that fails makes each call throw, and no old number comes twice", () => {
    let broken = false;
    const { source } = countingSource();
    const pool = new RandomPool({
      randomBytes: (length) => {
        if (broken) throw new Error("no entropy");
        return source.randomBytes(length);
      },
    });
    for (let i = 0; i < 256; i++) pool.u32();
    broken = true;
    expect(() => pool.u32()).toThrow("no entropy");
    expect(() => pool.u32()).toThrow("no entropy");
    broken = false;
    expect(pool.u32()).toBe(0x0001_0203);
  });
});
