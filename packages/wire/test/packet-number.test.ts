import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_PACKET_NUMBER, recoverPacketNumber, truncatePacketNumber } from "../src/index.js";

const SPAN = 2 ** 32;
const HALF = 2 ** 31;

/** RFC 9000 A.3 in exact integers, for any number of bits. */
function recoverByRfc(largest: bigint, truncated: bigint, bits: bigint): bigint {
  const expected = largest + 1n;
  const window = 1n << bits;
  const half = window / 2n;
  const candidate = (expected & ~(window - 1n)) | truncated;
  if (candidate <= expected - half && candidate < (1n << 62n) - window) return candidate + window;
  if (candidate > expected + half && candidate >= window) return candidate - window;
  return candidate;
}

describe("packet numbers", () => {
  it("the reference of this file agrees with the sample of RFC 9000 A.3", () => {
    expect(recoverByRfc(0xa82f30ean, 0x9b32n, 16n)).toBe(0xa82f9b32n);
  });

  it("recovers the number of the sample of RFC 9000 A.3 from 32 bits", () => {
    expect(truncatePacketNumber(0xa82f_9b32)).toBe(0xa82f_9b32);
    expect(recoverPacketNumber(0xa82f_30ea, 0xa82f_9b32)).toBe(0xa82f_9b32);
  });

  it.each([
    // the first packet of all, and reordering before anything came
    [-1, 0, 0],
    [-1, 1, 1],
    [-1, 0xffff_ffff, 0xffff_ffff],
    [0, 0xffff_ffff, 0xffff_ffff],
    // the step over 2^32, in order and out of it
    [0xffff_fffe, 0xffff_ffff, 0xffff_ffff],
    [0xffff_fffe, 0, SPAN],
    [0xffff_ffff, 0, SPAN],
    [0xffff_ffff, 1, SPAN + 1],
    [0xffff_ffff, 0xffff_fffe, 0xffff_fffe],
    [SPAN, 0xffff_ffff, 0xffff_ffff],
    [SPAN, 0, SPAN],
    [SPAN, 1, SPAN + 1],
    [SPAN + 5, 0xffff_fff0, 0xffff_fff0],
    // half a span ahead of the expected number is the furthest it reaches, half a span behind is ahead
    [SPAN - 1, HALF, SPAN + HALF],
    [SPAN - 1, HALF + 1, HALF + 1],
    [SPAN, HALF + 1, SPAN + HALF + 1],
    [SPAN, HALF + 2, HALF + 2],
    [HALF - 1, 0, SPAN],
    [HALF - 2, 0, 0],
    // the second wrap
    [2 * SPAN - 1, 0, 2 * SPAN],
    [2 * SPAN, 0xffff_ffff, 2 * SPAN - 1],
    // the top of the number space
    [MAX_PACKET_NUMBER - 1, 0xffff_ffff, MAX_PACKET_NUMBER],
    [MAX_PACKET_NUMBER, 0xffff_fffe, MAX_PACKET_NUMBER - 1],
  ])("after %d, the low bits %d mean %d", (largest, truncated, expected) => {
    expect(recoverPacketNumber(largest, truncated)).toBe(expected);
  });

  it("may name a number above the last one at the top: the caller's to drop", () => {
    expect(recoverPacketNumber(MAX_PACKET_NUMBER, 0)).toBe(MAX_PACKET_NUMBER + 1);
  });

  it("agrees with RFC 9000 A.3 everywhere below 2^48", () => {
    const near = fc.integer({ min: -3, max: 3 });
    const edge = fc.constantFrom(0, HALF, SPAN, SPAN + HALF, 2 * SPAN, 2 ** 40, MAX_PACKET_NUMBER - 3);
    const largest = fc.oneof(
      fc.integer({ min: -1, max: MAX_PACKET_NUMBER }),
      fc.tuple(edge, near).map(([at, by]) => Math.max(-1, at + by)),
    );
    const truncated = fc.oneof(
      fc.integer({ min: 0, max: 0xffff_ffff }),
      fc.tuple(fc.constantFrom(0, HALF, SPAN), near).map(([at, by]) => (at + by + SPAN) % SPAN),
    );
    fc.assert(
      fc.property(largest, truncated, (from, low) => {
        expect(BigInt(recoverPacketNumber(from, low))).toBe(recoverByRfc(BigInt(from), BigInt(low), 32n));
      }),
      { seed: 4, numRuns: 2000 },
    );
  });

  it("recovers every number less than half a span from the expected one", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: MAX_PACKET_NUMBER }),
        fc.integer({ min: -HALF + 1, max: HALF }),
        (expected, distance) => {
          const packetNumber = expected + distance;
          if (packetNumber < 0 || packetNumber > MAX_PACKET_NUMBER) return;
          expect(recoverPacketNumber(expected - 1, truncatePacketNumber(packetNumber))).toBe(packetNumber);
        },
      ),
      { seed: 5, numRuns: 2000 },
    );
  });
});
