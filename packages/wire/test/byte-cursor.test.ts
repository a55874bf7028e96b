import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteReader, ByteWriter } from "../src/index.js";
import { embed, hex, toHex, written } from "./helpers.js";

describe("ByteReader", () => {
  it("reads big-endian integers", () => {
    const reader = new ByteReader().reset(hex("ff 8001 fffefdfc 00000001"));
    expect(reader.u8()).toBe(0xff);
    expect(reader.u16()).toBe(0x8001);
    expect(reader.u32()).toBe(0xfffe_fdfc);
    expect(reader.u32()).toBe(1);
    reader.expectEnd();
    expect(reader.error).toBeUndefined();
  });

  it("keeps its first failure and reads nothing more", () => {
    const reader = new ByteReader().reset(hex("0102"));
    expect(reader.u32()).toBe(0);
    expect(reader.error).toBe("truncated");
    reader.fail("bad-text");
    expect(reader.error).toBe("truncated");
    expect([reader.u8(), reader.u16(), reader.u32(), reader.varint(), reader.skip(0)]).toEqual([0, 0, 0, 0, -1]);
    expect(reader.view(1).length).toBe(0);
    expect(reader.offset).toBe(0);
  });

  it("starts afresh after reset, and stays within the range it was given", () => {
    const reader = new ByteReader().reset(hex("00"));
    reader.u16();
    reader.reset(hex("0a0b0c0d"), 1, 3);
    expect(reader.remaining).toBe(2);
    expect(reader.u16()).toBe(0x0b0c);
    expect(reader.u8()).toBe(0);
    expect(reader.error).toBe("truncated");
  });

  it("tells of bytes that nobody read", () => {
    const reader = new ByteReader().reset(hex("0102"));
    reader.u8();
    reader.expectEnd();
    expect(reader.error).toBe("trailing-bytes");
  });

  it("gives views, not copies, and no byte beyond the end", () => {
    const bytes = hex("01020304");
    const reader = new ByteReader().reset(bytes);
    const view = reader.view(2);
    bytes[1] = 9;
    expect(toHex(view)).toBe("0109");
    expect(reader.view(3).length).toBe(0);
    expect(reader.error).toBe("truncated");
  });

  it("never leaves its range, whatever is asked of it", () => {
    const step = fc.oneof(
      fc.constantFrom("u8", "u16", "u32", "varint"),
      fc.oneof(fc.nat(40), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 32 }), fc.array(step, { maxLength: 12 }), (bytes, steps) => {
        const { view, isUntouched } = embed(bytes);
        const reader = new ByteReader().reset(view);
        let before = 0;
        for (const what of steps) {
          const value = typeof what === "number" ? reader.view(what).length : reader[what as "u8"]();
          expect(Number.isSafeInteger(value)).toBe(true);
          expect(reader.offset).toBeGreaterThanOrEqual(before);
          expect(reader.offset).toBeLessThanOrEqual(bytes.length);
          if (reader.error === "truncated") expect(reader.skip(0)).toBe(-1);
          before = reader.offset;
        }
        expect(isUntouched()).toBe(true);
      }),
      { seed: 3, numRuns: 500 },
    );
  });
});

describe("ByteWriter", () => {
  it("writes big-endian integers, copies and zeros", () => {
    const bytes = written((w) => {
      w.u8(0xff);
      w.u16(0x8001);
      w.u32(0xfffe_fdfc);
      w.copy(hex("0a0b0c0d"), 1, 3);
      w.zeros(2);
    });
    expect(toHex(bytes)).toBe("ff8001fffefdfc0b0c0000");
  });

  it.each([0, 1, 47, 48, 49, 200])("copies %d bytes, whole and in part", (length) => {
    const source = Uint8Array.from({ length: length + 2 }, (_, i) => i & 0xff);
    expect(toHex(written((w) => w.copy(source, 1, length + 1)))).toBe(toHex(source.subarray(1, length + 1)));
    expect(toHex(written((w) => w.copy(source)))).toBe(toHex(source));
    const target = new Uint8Array(length + 1).fill(0xee);
    new ByteWriter().reset(target).copy(source, 1, length + 1);
    expect(target[length]).toBe(0xee);
  });

  it("throws at its end and writes nothing then", () => {
    const bytes = new Uint8Array(8);
    const writer = new ByteWriter().reset(bytes, 2, 5);
    expect(() => writer.u32(1)).toThrow('"buffer" expected 4 bytes of room, got 3');
    expect(() => writer.copy(new Uint8Array(4).fill(7))).toThrow(RangeError);
    expect(() => writer.zeros(4)).toThrow(RangeError);
    expect(() => writer.varint(2 ** 30)).toThrow(RangeError);
    writer.u16(0x0102);
    writer.u8(3);
    expect(() => writer.u8(4)).toThrow(RangeError);
    expect(toHex(bytes)).toBe("0000010203000000");
    expect([writer.written, writer.remaining]).toEqual([3, 0]);
  });
});
