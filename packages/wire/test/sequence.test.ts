import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SEQUENCE_MODULUS, sequenceAdd, sequenceDistance, sequenceNewer } from "../src/index.js";

const u16 = fc.integer({ min: 0, max: 0xffff });

describe("sequence numbers (RFC 1982)", () => {
  it.each([
    [1, 0, 1],
    [0, 0, 0],
    [0, 1, -1],
    [0, 0xffff, 1],
    [0xffff, 0, -1],
    [100, 0xff9c, 200],
    [0x7fff, 0, 0x7fff],
    [0x8001, 0, -0x7fff],
    // RFC 1982 leaves opposite points open; here each is older than the other
    [0x8000, 0, -0x8000],
    [0, 0x8000, -0x8000],
    [0x7fff, 0xffff, -0x8000],
  ])("the distance from %d to %d, taken backwards, is %d", (a, b, distance) => {
    expect(sequenceDistance(a, b)).toBe(distance);
    expect(sequenceNewer(a, b)).toBe(distance > 0);
  });

  it("addition wraps", () => {
    expect(sequenceAdd(0xffff, 1)).toBe(0);
    expect(sequenceAdd(0, -1)).toBe(0xffff);
    expect(sequenceAdd(0xfff0, 0x20)).toBe(0x10);
    expect(sequenceAdd(5, SEQUENCE_MODULUS)).toBe(5);
  });

  it("a number plus up to 2^15 - 1 is newer, and the distance says by how much (RFC 1982 section 3)", () => {
    fc.assert(
      fc.property(u16, fc.integer({ min: 1, max: 0x7fff }), (from, step) => {
        const to = sequenceAdd(from, step);
        expect(sequenceDistance(to, from)).toBe(step);
        expect(sequenceDistance(from, to)).toBe(-step);
        expect(sequenceNewer(to, from)).toBe(true);
        expect(sequenceNewer(from, to)).toBe(false);
      }),
      { seed: 6 },
    );
  });

  it("of two different numbers that are no opposites, one is newer", () => {
    fc.assert(
      fc.property(u16, u16, (a, b) => {
        if (a === b || ((a - b) & 0xffff) === 0x8000) return;
        expect(sequenceNewer(a, b)).toBe(!sequenceNewer(b, a));
      }),
      { seed: 7 },
    );
  });
});
