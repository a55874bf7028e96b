import type { ByteReader } from "../byte-reader.js";
import type { ByteWriter } from "../byte-writer.js";
import { PATH_DATA_BYTES } from "../constants.js";
import { expectBytes } from "../expect-bytes.js";
import { type Frame, FrameKind } from "./frame.js";
import { FrameType } from "./frame-type.js";

/** PATH_CHALLENGE: type | 8 bytes that only a holder of the address can echo (RFC 9000 section 8.2). Section 5.9. */
export function encodePathChallenge(writer: ByteWriter, data: Uint8Array): void {
  expectBytes("data", data, PATH_DATA_BYTES);
  writer.u8(FrameType.PathChallenge);
  writer.copy(data);
}

/** PATH_RESPONSE: type | the 8 bytes of the challenge. */
export function encodePathResponse(writer: ByteWriter, data: Uint8Array): void {
  expectBytes("data", data, PATH_DATA_BYTES);
  writer.u8(FrameType.PathResponse);
  writer.copy(data);
}

export function decodePath(reader: ByteReader, frame: Frame, type: number): void {
  frame.kind = type === FrameType.PathChallenge ? FrameKind.PathChallenge : FrameKind.PathResponse;
  frame.start = reader.skip(PATH_DATA_BYTES);
  frame.end = reader.offset;
}
