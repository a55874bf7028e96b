import type { ByteReader } from "../byte-reader.js";
import type { ByteWriter } from "../byte-writer.js";
import { MAGIC_0, MAGIC_1, MAGIC_2, PROTOCOL_VERSION } from "../constants.js";
import type { DecodeError } from "../decode-error.js";

/** First byte of handshake packets; all below 0x40. */
export const HandshakeType = {
  ClientHello: 0x01,
  Retry: 0x02,
  ServerHello: 0x03,
  Reject: 0x04,
} as const;
export type HandshakeType = (typeof HandshakeType)[keyof typeof HandshakeType];

/** Type of a handshake packet whose magic is right, whatever its version; or why it is none. */
export function peekHandshakeType(bytes: Uint8Array): HandshakeType | DecodeError {
  if (bytes.length < 5) return "truncated";
  if (bytes[1] !== MAGIC_0 || bytes[2] !== MAGIC_1 || bytes[3] !== MAGIC_2) return "unknown-packet";
  const type = bytes[0] as number;
  if (type < HandshakeType.ClientHello || type > HandshakeType.Reject) return "unknown-packet";
  return type as HandshakeType;
}

export function writeHandshakeHeader(writer: ByteWriter, type: HandshakeType): void {
  writer.u8(type);
  writer.u8(MAGIC_0);
  writer.u8(MAGIC_1);
  writer.u8(MAGIC_2);
  writer.u8(PROTOCOL_VERSION);
}

/** Reads and checks the header of the one type that the caller decodes. */
export function readHandshakeHeader(reader: ByteReader, type: HandshakeType): void {
  const version = readVersionedHeader(reader, type);
  if (version !== PROTOCOL_VERSION) reader.fail("unknown-version");
}

/** Reads a header of any version, checks type and magic, and returns the version. */
export function readVersionedHeader(reader: ByteReader, type: HandshakeType): number {
  const wrong = reader.u8() !== type || reader.u8() !== MAGIC_0 || reader.u8() !== MAGIC_1 || reader.u8() !== MAGIC_2;
  if (wrong) reader.fail("unknown-packet");
  return reader.u8();
}
