import { ByteReader } from "../byte-reader.js";
import type { ByteWriter } from "../byte-writer.js";
import { CONNECTION_ID_BYTES, COOKIE_BYTES, HANDSHAKE_HEADER_BYTES } from "../constants.js";
import type { DecodeError } from "../decode-error.js";
import { expectBytes } from "../expect-bytes.js";
import { HandshakeType, readHandshakeHeader, writeHandshakeHeader } from "./handshake-header.js";

/** bytes. */
export const RETRY_BYTES: number = HANDSHAKE_HEADER_BYTES + CONNECTION_ID_BYTES + COOKIE_BYTES;

/** "Come again with this cookie." docs/PROTOCOL.md section 3.2. */
export interface Retry {
  readonly clientConnectionId: number;
  /** 36 bytes; a view of the datagram when decoded. */
  readonly cookie: Uint8Array;
}

/** Writes at the writer's place: the answer to a spoofable hello allocates nothing. */
export function encodeRetry(writer: ByteWriter, retry: Retry): void {
  expectBytes("cookie", retry.cookie, COOKIE_BYTES);
  writeHandshakeHeader(writer, HandshakeType.Retry);
  writer.u32(retry.clientConnectionId);
  writer.copy(retry.cookie);
}

export function decodeRetry(datagram: Uint8Array): Retry | DecodeError {
  const reader = new ByteReader().reset(datagram);
  readHandshakeHeader(reader, HandshakeType.Retry);
  const clientConnectionId = reader.u32();
  const cookie = reader.view(COOKIE_BYTES);
  reader.expectEnd();
  return reader.error ?? { clientConnectionId, cookie };
}
