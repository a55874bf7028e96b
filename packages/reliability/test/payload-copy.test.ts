import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { payloadPool, SharedPayload } from "../src/payload-copy.js";

describe("payload copies", () => {
  it("property: each keeps what was given, whatever is copied after it and whatever the caller writes", () => {
    const sizes = fc.oneof(
      fc.integer({ min: 0, max: 80 }),
      fc.integer({ min: 1000, max: 1100 }),
      fc.integer({ max: 5000, min: 0 }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(sizes, fc.boolean(), fc.nat(255)), { maxLength: 100 }), (sends) => {
        const taken = sends.map(([length, isShortLived, fill]) => {
          const given = new Uint8Array(length).fill(fill);
          const start = payloadPool.take(given, isShortLived);
          const { bytes } = payloadPool;
          given.fill(fill ^ 0xff);
          return { bytes, start, length, fill };
        });
        for (const { bytes, start, length, fill } of taken) {
          const copy = bytes.subarray(start, start + length);
          expect(copy.length).toBe(length);
          expect(copy.every((byte) => byte === fill)).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("long-lived ones, and large ones, share memory with nobody", () => {
    for (const [length, isShortLived] of [
      [10, false],
      [1025, true],
    ] as const) {
      expect(payloadPool.take(new Uint8Array(length), isShortLived)).toBe(0);
      expect(payloadPool.bytes.buffer.byteLength).toBe(length);
    }
  });

  it("a shared payload is copied once, from whatever array: a Buffer's slice would share its memory", () => {
    const given = Buffer.from("to all");
    const shared = new SharedPayload(given);
    given.fill(0);
    for (const isShortLived of [true, false]) {
      expect(payloadPool.take(shared, isShortLived)).toBe(0);
      expect(payloadPool.bytes).toBe(shared.bytes);
    }
    expect(new TextDecoder().decode(shared.bytes)).toBe("to all");
    expect(() => new SharedPayload("text" as never)).toThrow('"payload" expected a Uint8Array, got string');
  });
});
