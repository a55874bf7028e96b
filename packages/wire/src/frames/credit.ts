import type { ByteReader } from "../byte-reader.js";
import type { ByteWriter } from "../byte-writer.js";
import { type Frame, FrameKind } from "./frame.js";
import { FrameType } from "./frame-type.js";

/**
 * CREDIT: type | channel (1) | limit of the channel (varint) | limit of the connection (varint). Both in bytes since
 * the connection began, overhead included, so that a lost or late frame does no harm: the highest limit counts (compare
 * MAX_STREAM_DATA and MAX_DATA, RFC 9000 sections 19.9 and 19.10). docs/PROTOCOL.md section 5.10.
 */
export function encodeCredit(
  writer: ByteWriter,
  channel: number,
  channelLimitBytes: number,
  connectionLimitBytes: number,
): void {
  writer.u8(FrameType.Credit);
  writer.u8(channel);
  writer.varint(channelLimitBytes);
  writer.varint(connectionLimitBytes);
}

export function decodeCredit(reader: ByteReader, frame: Frame): void {
  frame.kind = FrameKind.Credit;
  frame.channel = reader.u8();
  frame.channelLimitBytes = reader.varint();
  frame.connectionLimitBytes = reader.varint();
  frame.start = reader.offset;
  frame.end = reader.offset;
}
