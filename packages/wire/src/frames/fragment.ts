import type { ByteReader } from "../byte-reader.js";
import type { ByteWriter } from "../byte-writer.js";
import { MAX_MESSAGE_BYTES } from "../constants.js";
import { varintBytes } from "../varint.js";
import { type Frame, FrameKind } from "./frame.js";
import { type DeliveryCode, FrameType, LENGTH_BIT } from "./frame-type.js";
import { decodePayload, writePayload } from "./payload.js";

/**
 * A piece of a message: type 0x20 | delivery << 1 | length bit, then channel (1), message ID (2, in every mode),
 * bytes of the whole message (varint), offset of this piece (varint), length (varint, when the bit is set), bytes.
 * Offsets, not indices, so that a lost piece can be sent again in smaller ones when the path's MTU falls.
 * docs/PROTOCOL.md section 5.5.
 */
export function encodeFragment(
  writer: ByteWriter,
  delivery: DeliveryCode,
  channel: number,
  messageId: number,
  message: Uint8Array,
  from: number,
  to: number,
): void {
  writer.u8(FrameType.Fragment | (delivery << 1) | LENGTH_BIT);
  writer.u8(channel);
  writer.u16(messageId);
  writer.varint(message.length);
  writer.varint(from);
  writePayload(writer, message, from, to);
}

/** bytes before the payload of a fragment of `payloadBytes` at `offset`, its length field included. */
export function fragmentHeaderBytes(totalBytes: number, offset: number, payloadBytes: number): number {
  return 4 + varintBytes(totalBytes) + varintBytes(offset) + varintBytes(payloadBytes);
}

export function decodeFragment(reader: ByteReader, frame: Frame, type: number): void {
  frame.kind = FrameKind.Fragment;
  frame.delivery = ((type >> 1) & 0x7) as DeliveryCode;
  frame.channel = reader.u8();
  frame.messageId = reader.u16();
  frame.totalBytes = reader.varint();
  frame.offset = reader.varint();
  decodePayload(reader, frame, type);
  const length = frame.end - frame.start;
  // A piece is never empty, never the whole (that is a message), and lies inside its message.
  const legal =
    length > 0 &&
    length < frame.totalBytes &&
    frame.totalBytes <= MAX_MESSAGE_BYTES &&
    frame.offset + length <= frame.totalBytes;
  if (!legal) reader.fail("out-of-range");
}
