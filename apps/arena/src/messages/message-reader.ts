/**
 * Bounds-checked little-endian cursor over one message. The first failure sticks: later reads return 0, and `finish`
 * says false, so that a decoder reads all its fields and asks once. Never throws.
 */
export class MessageReader {
  private view: DataView = new DataView(new ArrayBuffer(0));
  private offset = 0;
  private failed = false;

  /** Starts over with `bytes`. */
  reset(bytes: Uint8Array): this {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.offset = 0;
    this.failed = false;
    return this;
  }

  get remaining(): number {
    return this.view.byteLength - this.offset;
  }

  u8(): number {
    const at = this.claim(1);
    return at < 0 ? 0 : this.view.getUint8(at);
  }

  u16(): number {
    const at = this.claim(2);
    return at < 0 ? 0 : this.view.getUint16(at, true);
  }

  u32(): number {
    const at = this.claim(4);
    return at < 0 ? 0 : this.view.getUint32(at, true);
  }

  /** A view of the next `count` bytes, valid as long as the message's buffer; empty after a failure. */
  bytes(count: number): Uint8Array {
    const at = this.claim(count);
    if (at < 0) return new Uint8Array(0);
    return new Uint8Array(this.view.buffer, this.view.byteOffset + at, count);
  }

  /** One of `names` by its index: "" after an index that names none. */
  oneOf<Name extends string>(names: readonly Name[]): Name | "" {
    const name = names[this.u8()];
    if (name === undefined) this.failed = true;
    return this.failed ? "" : (name as Name);
  }

  /** Whether all reads succeeded and every byte was read. */
  finish(): boolean {
    return !this.failed && this.remaining === 0;
  }

  private claim(count: number): number {
    if (this.failed || count > this.remaining) {
      this.failed = true;
      return -1;
    }
    const at = this.offset;
    this.offset += count;
    return at;
  }
}
