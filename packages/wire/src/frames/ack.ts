import type { ByteReader } from "../byte-reader.js";
import type { ByteWriter } from "../byte-writer.js";
import { MAX_ACK_BITMAP_BYTES, MAX_PACKET_NUMBER } from "../constants.js";
import { type Frame, FrameKind } from "./frame.js";
import { FrameType } from "./frame-type.js";

/**
 * ACK: type | largest (varint) | delay in microseconds (varint) | bitmap bytes (1: 0..128) | bitmap.
 * Bit i (least significant first) of the bitmap says that packet `largest - 1 - i` was received; the last byte is
 * not zero, and no bit stands for a number below 0. docs/PROTOCOL.md section 5.3.
 */
export function encodeAck(
  writer: ByteWriter,
  largest: number,
  delayUs: number,
  bitmap: Uint8Array,
  bitmapBytes: number,
): void {
  writer.u8(FrameType.Ack);
  writer.varint(largest);
  writer.varint(delayUs);
  writer.u8(bitmapBytes);
  writer.copy(bitmap, 0, bitmapBytes);
}

export function decodeAck(reader: ByteReader, frame: Frame): void {
  frame.kind = FrameKind.Ack;
  frame.largest = reader.varint();
  frame.delayUs = reader.varint();
  const bytes = reader.u8();
  if (bytes > MAX_ACK_BITMAP_BYTES || frame.largest > MAX_PACKET_NUMBER) reader.fail("out-of-range");
  frame.start = reader.skip(bytes);
  frame.end = reader.offset;
  if (reader.error !== undefined || bytes === 0) return;
  const last = reader.bytes[frame.end - 1] as number;
  if (last === 0) return reader.fail("non-canonical");
  // The highest bit that is set names the lowest packet: there is none below number 0.
  const highestBit = (bytes - 1) * 8 + 31 - Math.clz32(last);
  if (frame.largest - 1 - highestBit < 0) reader.fail("out-of-range");
}
