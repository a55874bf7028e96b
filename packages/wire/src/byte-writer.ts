import { ByteCopier } from "./byte-copier.js";
import { varintBytes } from "./varint.js";

const EMPTY = new Uint8Array(0);

/**
 * Writes into a buffer the caller owns. Running past the end is a mistake of our own code, never of the network:
 * it throws. Reused by `reset`.
 */
export class ByteWriter {
  bytes: Uint8Array = EMPTY;
  start = 0;
  offset = 0;
  end = 0;
  private readonly copier = new ByteCopier();

  /** Points the writer at `bytes[start, end)`. */
  reset(bytes: Uint8Array, start: number = 0, end: number = bytes.length): this {
    this.bytes = bytes;
    this.start = start;
    this.offset = start;
    this.end = end;
    return this;
  }

  get remaining(): number {
    return this.end - this.offset;
  }

  get written(): number {
    return this.offset - this.start;
  }

  u8(value: number): void {
    this.bytes[this.claim(1)] = value;
  }

  u16(value: number): void {
    const at = this.claim(2);
    this.bytes[at] = value >>> 8;
    this.bytes[at + 1] = value;
  }

  u32(value: number): void {
    const at = this.claim(4);
    this.bytes[at] = value >>> 24;
    this.bytes[at + 1] = value >>> 16;
    this.bytes[at + 2] = value >>> 8;
    this.bytes[at + 3] = value;
  }

  /**
   * QUIC variable-length integer (RFC 9000 section 16), shortest form. `value`: integer in 0..2^53-1, RangeError
   * outside: a negative or unknown number would be written as another one.
   */
  varint(value: number): void {
    if (!(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) {
      throw new RangeError(`"varint" expected 0..${Number.MAX_SAFE_INTEGER}, got ${value}`);
    }
    const length = varintBytes(value);
    const at = this.claim(length);
    if (length === 1) {
      this.bytes[at] = value;
      return;
    }
    let rest = value;
    for (let i = length - 1; i > 0; i--) {
      this.bytes[at + i] = rest % 256;
      rest = Math.floor(rest / 256);
    }
    this.bytes[at] = rest | (length === 2 ? 0x40 : length === 4 ? 0x80 : 0xc0);
  }

  copy(source: Uint8Array, from: number = 0, to: number = source.length): void {
    const at = this.claim(to - from);
    this.copier.copy(source, from, to, this.bytes, at);
  }

  zeros(count: number): void {
    const at = this.claim(count);
    this.bytes.fill(0, at, at + count);
  }

  private claim(count: number): number {
    const at = this.offset;
    if (count > this.end - at) throw new RangeError(`"buffer" expected ${count} bytes of room, got ${this.end - at}`);
    this.offset = at + count;
    return at;
  }
}
