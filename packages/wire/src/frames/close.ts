import type { ByteReader } from "../byte-reader.js";
import type { ByteWriter } from "../byte-writer.js";
import { MAX_CLOSE_TEXT_BYTES } from "../constants.js";
import { expectAtMostBytes } from "../expect-bytes.js";
import { isUtf8 } from "../utf8.js";
import { type Frame, FrameKind } from "./frame.js";
import { FrameType } from "./frame-type.js";

/** Why a connection ends, as its CLOSE says. docs/PROTOCOL.md section 5.8. */
export const CloseCode = {
  /** The application closed or left. */
  Normal: 0x00,
  /** The server closes. */
  ShuttingDown: 0x01,
  /** `authenticate` refused; the text says why. */
  Refused: 0x02,
  /** No free slot when the peer was accepted. */
  ServerFull: 0x03,
  /** The peer was told to go by the application; the text says why. */
  Kicked: 0x04,
  /** The peer broke the protocol; the text names how. */
  ProtocolError: 0x05,
  /** A budget that the peer had agreed to was overrun. */
  FlowControl: 0x06,
  /** The closing side failed (an exception, a failed provider). */
  InternalError: 0x07,
  /** `authenticate` took too long, or CONNECT never came. */
  HandshakeTimeout: 0x08,
  /** The AEAD's usage limit was reached. */
  KeyLimit: 0x09,
  /** Nothing was heard from the peer for the idle timeout. */
  IdleTimeout: 0x0a,
} as const;
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

/** CLOSE: type | code (1) | text length (varint: 0..256) | UTF-8 text. RangeError for a longer text. */
export function encodeClose(writer: ByteWriter, code: CloseCode, text: Uint8Array): void {
  expectAtMostBytes("text", text, MAX_CLOSE_TEXT_BYTES);
  writer.u8(FrameType.Close);
  writer.u8(code);
  writer.varint(text.length);
  writer.copy(text);
}

/** Takes codes that this version does not name, too: a later one may add some, and the connection ends all the same. */
export function decodeClose(reader: ByteReader, frame: Frame): void {
  frame.kind = FrameKind.Close;
  frame.code = reader.u8();
  const length = reader.varint();
  if (length > MAX_CLOSE_TEXT_BYTES) reader.fail("out-of-range");
  frame.start = reader.skip(length);
  frame.end = reader.offset;
  if (reader.error === undefined && !isUtf8(reader.bytes, frame.start, frame.end)) reader.fail("bad-text");
}
