import { ByteReader } from "../byte-reader.js";
import { ByteWriter } from "../byte-writer.js";
import {
  CLIENT_HELLO_BYTES,
  COOKIE_BYTES,
  HANDSHAKE_HEADER_BYTES,
  HELLO_INVARIANT_BYTES,
  KEY_SHARE_BYTES,
  MAX_OFFERED_SUITES,
  MAX_PARAMETERS_BYTES,
  PROTOCOL_ID_BYTES,
  RANDOM_BYTES,
} from "../constants.js";
import type { DecodeError } from "../decode-error.js";
import { expectAtMostBytes, expectBytes } from "../expect-bytes.js";
import { HandshakeType, readHandshakeHeader, writeHandshakeHeader } from "./handshake-header.js";

/** The initiator's packet. docs/PROTOCOL.md section 3.1. Decoded byte fields are views of the datagram. */
export interface ClientHello {
  /** 8 bytes: first bytes of SHA-256 of the application's protocol string. */
  readonly protocolId: Uint8Array;
  /** 32 bytes, fresh for each attempt. */
  readonly clientRandom: Uint8Array;
  /** Unsigned 32-bit: what the server puts into packets for the client. */
  readonly clientConnectionId: number;
  /** Offered suites as code bytes, most wanted first; 1 to 8 of them, none twice. */
  readonly suites: Uint8Array;
  /** 65 bytes: uncompressed P-256 point. */
  readonly keyShare: Uint8Array;
  /** 36 bytes, or none in the first hello. */
  readonly cookie: Uint8Array;
  /** Encoded transport parameters (see transport-parameters). */
  readonly parameters: Uint8Array;
}

/** Fields of a hello of any version that a server may answer with a REJECT. */
export interface ClientHelloInvariants {
  readonly version: number;
  readonly protocolId: Uint8Array;
  readonly clientRandom: Uint8Array;
  readonly clientConnectionId: number;
}

/** Encodes into a new array of exactly 1200 bytes. Throws RangeError where a field has the wrong size. */
export function encodeClientHello(hello: ClientHello): Uint8Array {
  expectBytes("protocolId", hello.protocolId, PROTOCOL_ID_BYTES);
  expectBytes("clientRandom", hello.clientRandom, RANDOM_BYTES);
  expectBytes("keyShare", hello.keyShare, KEY_SHARE_BYTES);
  if (hello.cookie.length !== 0) expectBytes("cookie", hello.cookie, COOKIE_BYTES);
  if (!legalSuites(hello.suites)) throw new RangeError('"suites" expected 1..8 different codes');
  expectAtMostBytes("parameters", hello.parameters, MAX_PARAMETERS_BYTES);
  const bytes = new Uint8Array(CLIENT_HELLO_BYTES);
  const writer = new ByteWriter().reset(bytes);
  writeHandshakeHeader(writer, HandshakeType.ClientHello);
  writer.copy(hello.protocolId);
  writer.copy(hello.clientRandom);
  writer.u32(hello.clientConnectionId);
  writer.u8(hello.suites.length);
  writer.copy(hello.suites);
  writer.copy(hello.keyShare);
  writer.u8(hello.cookie.length);
  writer.copy(hello.cookie);
  writer.u16(hello.parameters.length);
  writer.copy(hello.parameters);
  return bytes;
}

export function decodeClientHello(datagram: Uint8Array): ClientHello | DecodeError {
  if (datagram.length < CLIENT_HELLO_BYTES) return "truncated";
  if (datagram.length > CLIENT_HELLO_BYTES) return "trailing-bytes";
  const reader = new ByteReader().reset(datagram);
  readHandshakeHeader(reader, HandshakeType.ClientHello);
  const protocolId = reader.view(PROTOCOL_ID_BYTES);
  const clientRandom = reader.view(RANDOM_BYTES);
  const clientConnectionId = reader.u32();
  const suites = reader.view(reader.u8());
  if (!legalSuites(suites)) reader.fail("out-of-range");
  const keyShare = reader.view(KEY_SHARE_BYTES);
  const cookie = reader.view(reader.u8());
  if (cookie.length !== 0 && cookie.length !== COOKIE_BYTES) reader.fail("out-of-range");
  const parametersBytes = reader.u16();
  if (parametersBytes > MAX_PARAMETERS_BYTES) reader.fail("out-of-range");
  const parameters = reader.view(parametersBytes);
  if (reader.error !== undefined) return reader.error;
  for (let i = reader.offset; i < CLIENT_HELLO_BYTES; i++) if (datagram[i] !== 0) return "non-canonical";
  return { protocolId, clientRandom, clientConnectionId, suites, keyShare, cookie, parameters };
}

/** Reads what every version of a hello has in the same place; the caller has checked type and magic. */
export function decodeClientHelloInvariants(datagram: Uint8Array): ClientHelloInvariants | DecodeError {
  if (datagram.length < HELLO_INVARIANT_BYTES) return "truncated";
  const reader = new ByteReader().reset(datagram, HANDSHAKE_HEADER_BYTES);
  return {
    version: datagram[HANDSHAKE_HEADER_BYTES - 1] as number,
    protocolId: reader.view(PROTOCOL_ID_BYTES),
    clientRandom: reader.view(RANDOM_BYTES),
    clientConnectionId: reader.u32(),
  };
}

function legalSuites(suites: Uint8Array): boolean {
  if (suites.length === 0 || suites.length > MAX_OFFERED_SUITES) return false;
  for (let i = 1; i < suites.length; i++) if (suites.indexOf(suites[i] as number) !== i) return false;
  return true;
}
