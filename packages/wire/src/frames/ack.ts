import type { ByteReader } from "../byte-reader.js";
import type { ByteWriter } from "../byte-writer.js";
import { MAX_ACK_BITMAP_BYTES, MAX_PACKET_NUMBER } from "../constants.js";
import { type Frame, FrameKind } from "./frame.js";
import { FrameType } from "./frame-type.js";

/** bytes that a TIMED_ACK has more than an ACK. */
export const ACK_TIME_BYTES = 4;

/**
 * ACK: type | largest (varint) | delay in microseconds (varint) | bitmap bytes (1: 0..128) | bitmap.
 * TIMED_ACK: the same with the time at which `largest` came (4 bytes) behind the delay.
 * Bit i (least significant first) of the bitmap says that packet `largest - 1 - i` was received; the last byte is
 * not zero, and no bit stands for a number below 0. docs/PROTOCOL.md section 5.3.
 * @param receivedAtUs microseconds, modulo 2^32, on a clock of this side's; -1 makes an ACK without
 */
export function encodeAck(
  writer: ByteWriter,
  largest: number,
  delayUs: number,
  bitmap: Uint8Array,
  bitmapBytes: number,
  receivedAtUs: number = -1,
): void {
  writer.u8(receivedAtUs < 0 ? FrameType.Ack : FrameType.TimedAck);
  writer.varint(largest);
  writer.varint(delayUs);
  if (receivedAtUs >= 0) writer.u32(receivedAtUs);
  writer.u8(bitmapBytes);
  writer.copy(bitmap, 0, bitmapBytes);
}

export function decodeAck(reader: ByteReader, frame: Frame, type: number): void {
  frame.kind = FrameKind.Ack;
  frame.largest = reader.varint();
  frame.delayUs = reader.varint();
  frame.receivedAtUs = type === FrameType.TimedAck ? reader.u32() : -1;
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
