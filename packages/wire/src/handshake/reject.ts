import { ByteReader } from "../byte-reader.js";
import type { ByteWriter } from "../byte-writer.js";
import { CONNECTION_ID_BYTES, HANDSHAKE_HEADER_BYTES, RANDOM_BYTES } from "../constants.js";
import type { DecodeError } from "../decode-error.js";
import { expectBytes } from "../expect-bytes.js";
import { HandshakeType, readVersionedHeader, writeHandshakeHeader } from "./handshake-header.js";

/** bytes. */
export const REJECT_BYTES: number = HANDSHAKE_HEADER_BYTES + CONNECTION_ID_BYTES + RANDOM_BYTES + 1;

export const RejectReason = {
  /** The server speaks the version in the REJECT's own header. */
  Version: 0x01,
  /** The server serves another application protocol. */
  ProtocolMismatch: 0x02,
  ServerFull: 0x03,
  ShuttingDown: 0x04,
  /** No cipher suite in common. */
  NoCommonSuite: 0x05,
} as const;
export type RejectReason = (typeof RejectReason)[keyof typeof RejectReason];

/** A refusal before keys. Echoes the client random, so that an off-path party cannot forge it. Section 3.4. */
export interface Reject {
  /** The version that the rejecting side speaks. Set when decoded; written as ours. */
  readonly version?: number;
  readonly clientConnectionId: number;
  readonly clientRandom: Uint8Array;
  readonly reason: RejectReason;
}

export function encodeReject(writer: ByteWriter, reject: Reject): void {
  expectBytes("clientRandom", reject.clientRandom, RANDOM_BYTES);
  writeHandshakeHeader(writer, HandshakeType.Reject);
  writer.u32(reject.clientConnectionId);
  writer.copy(reject.clientRandom);
  writer.u8(reject.reason);
}

/** Decodes a REJECT of any version: its layout is the same in all of them. */
export function decodeReject(datagram: Uint8Array): Reject | DecodeError {
  const reader = new ByteReader().reset(datagram);
  const version = readVersionedHeader(reader, HandshakeType.Reject);
  const clientConnectionId = reader.u32();
  const clientRandom = reader.view(RANDOM_BYTES);
  const reason = reader.u8();
  if (reason < RejectReason.Version || reason > RejectReason.NoCommonSuite) reader.fail("out-of-range");
  reader.expectEnd();
  return reader.error ?? { version, clientConnectionId, clientRandom, reason: reason as RejectReason };
}
