import type { ByteReader } from "../byte-reader.js";
import type { ByteWriter } from "../byte-writer.js";
import { type Frame, FrameKind } from "./frame.js";

/** PADDING: zeros from here to the packet's end. One frame, whatever its length. */
export function encodePadding(writer: ByteWriter, count: number): void {
  writer.zeros(count);
}

/** The type was read already; the rest must be zero. */
export function decodePadding(reader: ByteReader, frame: Frame): void {
  frame.kind = FrameKind.Padding;
  frame.start = reader.offset - 1;
  for (let i = reader.offset; i < reader.end; i++) if (reader.bytes[i] !== 0) return reader.fail("non-canonical");
  reader.skip(reader.remaining);
  frame.end = reader.offset;
}
