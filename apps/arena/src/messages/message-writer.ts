import { MAX_PLAYERS } from "../rules.js";
import type { MessageType } from "./message-type.js";

/** bytes. A snapshot of MAX_PLAYERS, the largest message there is, with room to spare. */
const CAPACITY_BYTES = 64 + MAX_PLAYERS * 8;

/** bytes. Where a numbered message carries its number: right behind its type. */
const NUMBER_OFFSET = 1;

/**
 * Builds one message at a time, little-endian, in a buffer that is used again: what `finish` returns is valid until
 * the next `begin`. (`send` and `broadcast` copy what they are given.) Values are cut to their width.
 */
export class MessageWriter {
  private readonly buffer: Uint8Array = new Uint8Array(CAPACITY_BYTES);
  private readonly view: DataView = new DataView(this.buffer.buffer);
  private offset = 0;

  begin(type: MessageType): this {
    this.offset = 0;
    return this.u8(type);
  }

  u8(value: number): this {
    this.view.setUint8(this.offset, value);
    this.offset += 1;
    return this;
  }

  u16(value: number): this {
    this.view.setUint16(this.offset, value, true);
    this.offset += 2;
    return this;
  }

  u32(value: number): this {
    this.view.setUint32(this.offset, value, true);
    this.offset += 4;
    return this;
  }

  bytes(source: Uint8Array): this {
    this.buffer.set(source, this.offset);
    this.offset += source.length;
    return this;
  }

  /** The index of `name`, which must be one of `names`. */
  oneOf<Name extends string>(names: readonly Name[], name: Name): this {
    const index = names.indexOf(name);
    if (index < 0) throw new RangeError(`"name" expected one of ${names.join(", ")}, got ${name}`);
    return this.u8(index);
  }

  finish(): Uint8Array {
    return this.buffer.subarray(0, this.offset);
  }
}

/** Writes the number of a finished numbered message anew: one encoding serves receivers that count separately. */
export function renumber(message: Uint8Array, number: number): void {
  new DataView(message.buffer, message.byteOffset, message.byteLength).setUint32(NUMBER_OFFSET, number, true);
}
