const NOTHING = new Uint8Array(0);

/** Reads an input as a program: every byte string is one, and what lies beyond its end is zero. */
export class Program {
  private readonly bytes: Uint8Array;
  private at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get isOver(): boolean {
    return this.at >= this.bytes.length;
  }

  u8(): number {
    return this.bytes[this.at++] ?? 0;
  }

  u16(): number {
    return this.u8() * 256 + this.u8();
  }

  /** A view of the next bytes, fewer where the program ends. */
  take(count: number): Uint8Array {
    if (this.isOver) return NOTHING;
    const view = this.bytes.subarray(this.at, this.at + count);
    this.at += count;
    return view;
  }

  /** Bytes after their length: one byte, or two more after 255. */
  block(): Uint8Array {
    const length = this.u8();
    return this.take(length === 255 ? this.u16() : length);
  }

  /** One of a list. */
  pick<T>(list: readonly T[]): T {
    return list[this.u8() % list.length] as T;
  }

  /** A copy with a few bytes changed: up to 3 times a place (2) and what it is combined with by xor (1). */
  patch(original: Uint8Array): Uint8Array {
    const copy = original.slice();
    for (let left = this.u8() & 3; left > 0; left--) {
      const at = this.u16() % copy.length;
      copy[at] = (copy[at] as number) ^ this.u8();
    }
    return copy;
  }
}
