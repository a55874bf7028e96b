import fc from "fast-check";
import { ByteWriter, type DecodeError, PacketFrames } from "../src/index.js";

/** Bytes of hexadecimal text; white space may part it. */
export function hex(text: string): Uint8Array {
  const digits = text.replaceAll(/\s/g, "");
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What `write` wrote, as bytes. */
export function written(write: (writer: ByteWriter) => void, capacity: number = 2048): Uint8Array {
  const writer = new ByteWriter().reset(new Uint8Array(capacity));
  write(writer);
  return writer.bytes.slice(0, writer.offset);
}

/** Decodes a whole packet of frames; the error, or the frames. */
export function framesOf(bytes: Uint8Array): PacketFrames | DecodeError {
  const frames = new PacketFrames();
  return frames.decode(bytes, 0, bytes.length) ?? frames;
}

/** The error of a packet, undefined when it decodes. */
export function frameError(text: string): DecodeError | undefined {
  const bytes = hex(text);
  return new PacketFrames().decode(bytes, 0, bytes.length);
}

/**
 * A view of `bytes` in the middle of a larger buffer of 0xff: what reads past the view's end sees bytes that belong to
 * nobody, and what writes there is found by `isUntouched`.
 */
export function embed(bytes: Uint8Array, margin: number = 64): { view: Uint8Array; isUntouched(): boolean } {
  const whole = new Uint8Array(bytes.length + 2 * margin).fill(0xff);
  whole.set(bytes, margin);
  return {
    view: whole.subarray(margin, margin + bytes.length),
    isUntouched: () =>
      whole.subarray(0, margin).every((byte) => byte === 0xff) &&
      whole.subarray(margin + bytes.length).every((byte) => byte === 0xff) &&
      bytes.every((byte, i) => whole[margin + i] === byte),
  };
}

/** Any array of exactly `length` bytes. */
export function bytesOf(length: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length });
}

export const u32: fc.Arbitrary<number> = fc.integer({ min: 0, max: 0xffff_ffff });

/** Integers spread over all four lengths of a varint, up to `max`. */
export function varintUpTo(max: number): fc.Arbitrary<number> {
  return fc.oneof(
    fc.integer({ min: 0, max: Math.min(max, 0x3f) }),
    fc.integer({ min: 0, max: Math.min(max, 0x3fff) }),
    fc.integer({ min: 0, max: Math.min(max, 0x3fff_ffff) }),
    fc.integer({ min: 0, max }),
  );
}

/** What an attacker or a broken path makes of a datagram. */
export function mutationsOf(bytes: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const change = fc.record({ at: fc.nat(4096), value: fc.integer({ min: 0, max: 255 }) });
  const tail = fc.oneof({ weight: 3, arbitrary: fc.constant(new Uint8Array(0)) }, fc.uint8Array({ maxLength: 8 }));
  return fc
    .tuple(bytes, fc.array(change, { maxLength: 3 }), fc.option(fc.nat(2048), { freq: 1 }), tail)
    .map(([original, changes, cut, added]) => {
      const copy = original.slice();
      for (const { at, value } of changes) if (copy.length > 0) copy[at % copy.length] = value;
      const kept = cut === null ? copy : copy.subarray(0, cut % (copy.length + 1));
      const result = new Uint8Array(kept.length + added.length);
      result.set(kept);
      result.set(added, kept.length);
      return result;
    });
}
