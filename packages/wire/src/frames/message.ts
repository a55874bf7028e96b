import type { ByteReader } from "../byte-reader.js";
import type { ByteWriter } from "../byte-writer.js";
import { varintBytes } from "../varint.js";
import { type Frame, FrameKind } from "./frame.js";
import { type DeliveryCode, FrameType, hasMessageId, LENGTH_BIT } from "./frame-type.js";
import { decodePayload, writePayload } from "./payload.js";

/**
 * A whole message: type 0x10 | delivery << 1 | length bit, then channel (1), message ID (2, for bestEffort, reliable
 * and ordered), length (varint, when the bit is set), payload. docs/PROTOCOL.md section 5.4.
 *
 * Carries `payload[start, end)`. Always written with its length; `closeLastFrame` takes the length out of the packet's
 * last frame.
 */
export function encodeMessage(
  writer: ByteWriter,
  delivery: DeliveryCode,
  channel: number,
  messageId: number,
  payload: Uint8Array,
  start: number = 0,
  end: number = payload.length,
): void {
  writer.u8(FrameType.Message | (delivery << 1) | LENGTH_BIT);
  writer.u8(channel);
  if (hasMessageId(delivery)) writer.u16(messageId);
  writePayload(writer, payload, start, end);
}

/** bytes before the payload of a message of `payloadBytes`, its length field included. */
export function messageHeaderBytes(delivery: DeliveryCode, payloadBytes: number): number {
  return (hasMessageId(delivery) ? 4 : 2) + varintBytes(payloadBytes);
}

export function decodeMessage(reader: ByteReader, frame: Frame, type: number): void {
  frame.kind = FrameKind.Message;
  frame.delivery = ((type >> 1) & 0x7) as DeliveryCode;
  frame.channel = reader.u8();
  frame.messageId = hasMessageId(frame.delivery) ? reader.u16() : 0;
  decodePayload(reader, frame, type);
}
