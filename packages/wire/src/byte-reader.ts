import type { DecodeError } from "./decode-error.js";

const EMPTY = new Uint8Array(0);

/**
 * Bounds-checked cursor over bytes of the network. The first failure sticks: later reads return 0 and change nothing,
 * so that a decoder reads all its fields and asks once. Reused by `reset`; holds no copy of the bytes.
 */
export class ByteReader {
  bytes: Uint8Array = EMPTY;
  offset = 0;
  end = 0;
  error: DecodeError | undefined = undefined;

  /** Points the reader at `bytes[start, end)` and clears the failure. */
  reset(bytes: Uint8Array, start: number = 0, end: number = bytes.length): this {
    this.bytes = bytes;
    this.offset = start;
    this.end = end;
    this.error = undefined;
    return this;
  }

  get remaining(): number {
    return this.end - this.offset;
  }

  fail(error: DecodeError): void {
    this.error ??= error;
  }

  u8(): number {
    const at = this.skip(1);
    return at < 0 ? 0 : (this.bytes[at] as number);
  }

  u16(): number {
    const at = this.skip(2);
    if (at < 0) return 0;
    return ((this.bytes[at] as number) << 8) | (this.bytes[at + 1] as number);
  }

  u32(): number {
    const at = this.skip(4);
    if (at < 0) return 0;
    const b = this.bytes;
    const high = ((b[at] as number) << 24) | ((b[at + 1] as number) << 16);
    return (high | ((b[at + 2] as number) << 8) | (b[at + 3] as number)) >>> 0;
  }

  /** QUIC variable-length integer (RFC 9000 section 16), shortest form only, at most 2^53 - 1. */
  varint(): number {
    if (this.error !== undefined) return 0;
    if (this.offset >= this.end) {
      this.fail("truncated");
      return 0;
    }
    const first = this.bytes[this.offset] as number;
    const length = 1 << (first >> 6);
    if (length === 1) {
      this.offset += 1;
      return first;
    }
    const at = this.skip(length);
    if (at < 0) return 0;
    let value = first & 0x3f;
    for (let i = 1; i < length; i++) value = value * 256 + (this.bytes[at + i] as number);
    const smallest = length === 2 ? 0x40 : length === 4 ? 0x4000 : 0x4000_0000;
    if (value < smallest) {
      this.fail("non-canonical");
      return 0;
    }
    if (value > Number.MAX_SAFE_INTEGER) {
      this.fail("out-of-range");
      return 0;
    }
    return value;
  }

  /** Passes over `count` bytes and returns where they start, or -1 after a failure. */
  skip(count: number): number {
    if (this.error !== undefined) return -1;
    if (count > this.end - this.offset) {
      this.fail("truncated");
      return -1;
    }
    const at = this.offset;
    this.offset += count;
    return at;
  }

  /** A view of `count` bytes, valid as long as the buffer; empty after a failure. */
  view(count: number): Uint8Array {
    const at = this.skip(count);
    return at < 0 ? EMPTY : this.bytes.subarray(at, at + count);
  }

  /** Fails unless every byte was read. */
  expectEnd(): void {
    if (this.error === undefined && this.offset !== this.end) this.fail("trailing-bytes");
  }
}
