import { ByteReader, ByteWriter, varintBytes } from "@sortie/wire";
import { check, type FuzzTarget } from "../lib/target.js";

/** bytes of junk around what may be read. */
const MARGIN = 8;

/**
 * The cursor all decoders stand on. The input is a program: each byte asks for a field, the rest of the input is what
 * is read. The cursor never leaves its range, never goes back, keeps its first failure, and varints have one spelling.
 */
export const byteReader: FuzzTarget = {
  name: "byte-reader",
  maxBytes: 96,
  run(input) {
    const steps = input.subarray(1, 1 + ((input[0] ?? 0) & 0x1f));
    const data = input.subarray(1 + steps.length);
    const bytes = new Uint8Array(data.length + 2 * MARGIN).fill(0xff);
    bytes.set(data, MARGIN);
    const end = MARGIN + data.length;
    const reader = new ByteReader().reset(bytes, MARGIN, end);
    for (const step of steps) {
      const { offset, error } = reader;
      const value = read(reader, step);
      check(Number.isSafeInteger(value) && value >= 0, `read ${value}`);
      check(reader.offset >= offset && reader.offset <= end, "the cursor left its range");
      check(error === undefined || reader.error === error, "the first failure did not stick");
      check(error === undefined || (reader.offset === offset && value === 0), "something was read after a failure");
      if ((step & 7) === 3 && reader.error === undefined) checkVarint(bytes, offset, reader.offset, value);
    }
    const hadFailed = reader.error !== undefined;
    const { remaining } = reader;
    reader.expectEnd();
    if (!hadFailed) check((reader.error === "trailing-bytes") === remaining > 0, "trailing bytes were misjudged");
  },
};

function read(reader: ByteReader, step: number): number {
  switch (step & 7) {
    case 0:
      return reader.u8();
    case 1:
      return reader.u16();
    case 2:
      return reader.u32();
    case 3:
      return reader.varint();
    case 4:
      return reader.view(step >> 3).length;
    case 5: {
      const at = reader.skip(step >> 3);
      return at < 0 ? 0 : at - MARGIN;
    }
    case 6:
      // A length that came as a varint.
      return reader.view(reader.varint()).length;
    default: {
      const at = reader.skip(2 ** (step >> 3));
      return at < 0 ? 0 : at - MARGIN;
    }
  }
}

function checkVarint(bytes: Uint8Array, from: number, to: number, value: number): void {
  check(varintBytes(value) === to - from, `${value} took ${to - from} bytes`);
  const writer = new ByteWriter().reset(new Uint8Array(8));
  writer.varint(value);
  for (let at = from; at < to; at++) check(writer.bytes[at - from] === bytes[at], `${value} has two spellings`);
}
