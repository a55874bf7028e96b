import type { ByteReader } from "../byte-reader.js";
import type { ByteWriter } from "../byte-writer.js";
import { RESET_TOKEN_BYTES, SESSION_ID_BYTES } from "../constants.js";
import { expectBytes } from "../expect-bytes.js";
import { type Frame, FrameKind } from "./frame.js";
import { FrameType } from "./frame-type.js";

/** ACCEPT: type | session ID (16) | reset token (16). RangeError for other sizes. docs/PROTOCOL.md section 5.7. */
export function encodeAccept(writer: ByteWriter, sessionId: Uint8Array, resetToken: Uint8Array): void {
  expectBytes("sessionId", sessionId, SESSION_ID_BYTES);
  expectBytes("resetToken", resetToken, RESET_TOKEN_BYTES);
  writer.u8(FrameType.Accept);
  writer.copy(sessionId);
  writer.copy(resetToken);
}

export function decodeAccept(reader: ByteReader, frame: Frame): void {
  frame.kind = FrameKind.Accept;
  frame.start = reader.skip(SESSION_ID_BYTES + RESET_TOKEN_BYTES);
  frame.end = reader.offset;
}
