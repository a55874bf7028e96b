import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { payloadBytes, toHex } from "../src/payload.js";
import { endsInToken } from "../src/reset-token.js";

describe("payloadBytes", () => {
  it("gives bytes as they are, and strings as UTF-8", () => {
    const bytes = Uint8Array.of(1, 2, 3);
    expect(payloadBytes(bytes)).toBe(bytes);
    expect(payloadBytes("é😀")).toEqual(Uint8Array.of(0xc3, 0xa9, 0xf0, 0x9f, 0x98, 0x80));
    expect(payloadBytes("")).toEqual(new Uint8Array(0));
  });

  it("takes those of another realm, such as what a TextEncoder of outside gives within a vm", () => {
    const bytes = runInNewContext("Uint8Array.of(1, 2, 3)") as Uint8Array;
    expect(bytes).not.toBeInstanceOf(Uint8Array);
    expect(payloadBytes(bytes)).toBe(bytes);
  });

  it.each([
    [null, "null"],
    [undefined, "undefined"],
    [5, "a number"],
    [[1, 2], "an array"],
    [new ArrayBuffer(4), "an ArrayBuffer"],
    [new DataView(new ArrayBuffer(4)), "a DataView"],
    [new Uint16Array(2), "a Uint16Array"],
    [Promise.resolve("x"), "a promise"],
    [{}, "an object"],
  ])("refuses %j", (payload, got) => {
    const message = `"payload" expected a Uint8Array or a string, got ${got}`;
    expect(() => payloadBytes(payload as never)).toThrow(new TypeError(message));
  });
});

describe("payloadBytes, of bytes whose memory has gone", () => {
  const error = new TypeError('"payload" expected a Uint8Array, got one whose buffer was transferred or shrunk');

  it("refuses those that were transferred, and takes empty ones", () => {
    const bytes = Uint8Array.of(1, 2, 3);
    structuredClone(bytes, { transfer: [bytes.buffer] });
    expect(() => payloadBytes(bytes)).toThrow(error);
    const empty = new Uint8Array(0);
    structuredClone(empty, { transfer: [empty.buffer] });
    expect(() => payloadBytes(empty)).toThrow(error);
    for (const none of [new Uint8Array(0), Buffer.alloc(0)]) expect(payloadBytes(none)).toBe(none);
  });

  it("refuses those that lie beyond a buffer that shrank", () => {
    interface Resizable extends ArrayBuffer {
      resize(bytes: number): void;
    }
    const make = ArrayBuffer as unknown as new (bytes: number, options: { maxByteLength: number }) => Resizable;
    const buffer = new make(8, { maxByteLength: 8 });
    const bytes = new Uint8Array(buffer, 4, 4);
    expect(payloadBytes(bytes)).toBe(bytes);
    buffer.resize(6);
    expect(() => payloadBytes(bytes)).toThrow(error);
  });
});

describe("toHex", () => {
  it("writes two digits for each byte", () => {
    expect(toHex(Uint8Array.of(0, 9, 0x10, 0xab, 0xff))).toBe("000910abff");
    expect(toHex(new Uint8Array(0))).toBe("");
  });
});

describe("endsInToken", () => {
  const token = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
  const datagram = (bytes: number): Uint8Array => {
    const out = new Uint8Array(bytes).fill(0x40);
    const held = Math.min(token.length, bytes);
    out.set(token.subarray(token.length - held), bytes - held);
    return out;
  };

  it("finds the token at the end of a datagram of 25 bytes or more", () => {
    for (const bytes of [25, 26, 41, 1200]) expect(endsInToken(datagram(bytes), token)).toBe(true);
    for (const bytes of [0, 1, 15, 16, 24]) expect(endsInToken(datagram(bytes), token)).toBe(false);
  });

  it("is not taken in by any single bit", () => {
    for (let bit = 0; bit < 128; bit++) {
      const forged = datagram(41);
      const at = 25 + (bit >> 3);
      forged[at] = (forged[at] as number) ^ (1 << (bit & 7));
      expect(endsInToken(forged, token)).toBe(false);
    }
  });
});
