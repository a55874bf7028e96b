import type { ByteReader } from "../byte-reader.js";
import type { ByteWriter } from "../byte-writer.js";
import { MAX_CONNECT_PAYLOAD_BYTES } from "../constants.js";
import { expectAtMostBytes } from "../expect-bytes.js";
import { type Frame, FrameKind } from "./frame.js";
import { FrameType } from "./frame-type.js";

/** CONNECT: type | length (varint: 0..1024) | the application's payload. docs/PROTOCOL.md section 5.6. */
export function encodeConnect(writer: ByteWriter, payload: Uint8Array): void {
  expectAtMostBytes("payload", payload, MAX_CONNECT_PAYLOAD_BYTES);
  writer.u8(FrameType.Connect);
  writer.varint(payload.length);
  writer.copy(payload);
}

export function decodeConnect(reader: ByteReader, frame: Frame): void {
  frame.kind = FrameKind.Connect;
  const length = reader.varint();
  if (length > MAX_CONNECT_PAYLOAD_BYTES) reader.fail("out-of-range");
  frame.start = reader.skip(length);
  frame.end = reader.offset;
}
