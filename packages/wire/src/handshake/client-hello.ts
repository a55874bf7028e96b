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
  PROTOCOL_VERSION,
  RANDOM_BYTES,
} from "../constants.js";
import type { DecodeError } from "../decode-error.js";
import { expectAtMostBytes, expectBytes } from "../expect-bytes.js";
import { LastView } from "../last-view.js";
import { HandshakeType, peekHandshakeType, writeHandshakeHeader } from "./handshake-header.js";

/** bytes. Where the number of suites stands: behind what every version has in the same place. */
const SUITES_AT: number = HELLO_INVARIANT_BYTES;

/** A transport hands over one datagram after the other in the same array. */
const lastView = /* @__PURE__ */ new LastView();

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
  if (!legalSuites(hello.suites, 0, hello.suites.length))
    throw new RangeError('"suites" expected 1..8 different codes');
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

/**
 * Checks a hello whole and tells how long its cookie is, 0 or 36 bytes. Allocates nothing: anyone may send hellos, from
 * any address.
 */
export function cookieBytesOfHello(datagram: Uint8Array): number | DecodeError {
  if (datagram.length < CLIENT_HELLO_BYTES) return "truncated";
  if (datagram.length > CLIENT_HELLO_BYTES) return "trailing-bytes";
  if (peekHandshakeType(datagram) !== HandshakeType.ClientHello) return "unknown-packet";
  if (datagram[HANDSHAKE_HEADER_BYTES - 1] !== PROTOCOL_VERSION) return "unknown-version";
  const suites = datagram[SUITES_AT] as number;
  if (!legalSuites(datagram, SUITES_AT + 1, suites)) return "out-of-range";
  const cookieAt = SUITES_AT + 1 + suites + KEY_SHARE_BYTES;
  const cookieBytes = datagram[cookieAt] as number;
  if (cookieBytes !== 0 && cookieBytes !== COOKIE_BYTES) return "out-of-range";
  const parametersAt = cookieAt + 1 + cookieBytes;
  const parametersBytes = u16At(datagram, parametersAt);
  if (parametersBytes > MAX_PARAMETERS_BYTES) return "out-of-range";
  return isZeroFrom(datagram, parametersAt + 2 + parametersBytes) ? cookieBytes : "non-canonical";
}

export function decodeClientHello(datagram: Uint8Array): ClientHello | DecodeError {
  const cookieBytes = cookieBytesOfHello(datagram);
  if (typeof cookieBytes === "string") return cookieBytes;
  const reader = new ByteReader().reset(datagram, HANDSHAKE_HEADER_BYTES);
  const protocolId = reader.view(PROTOCOL_ID_BYTES);
  const clientRandom = reader.view(RANDOM_BYTES);
  const clientConnectionId = reader.u32();
  const suites = reader.view(reader.u8());
  const keyShare = reader.view(KEY_SHARE_BYTES);
  const cookie = reader.view(reader.u8());
  const parameters = reader.view(reader.u16());
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

/** Whether `count` suites from `start` on are a legal number of them, none twice. */
function legalSuites(bytes: Uint8Array, start: number, count: number): boolean {
  if (count === 0 || count > MAX_OFFERED_SUITES) return false;
  for (let i = start + 1; i < start + count; i++) {
    for (let j = start; j < i; j++) if (bytes[i] === bytes[j]) return false;
  }
  return true;
}

/** Whether all bytes from `start` on are zero; sixteen at a time, as most of a hello is padding. */
function isZeroFrom(datagram: Uint8Array, start: number): boolean {
  const view = lastView.of(datagram);
  let bits = 0;
  let at = start;
  for (; at + 16 <= CLIENT_HELLO_BYTES; at += 16) {
    bits |= view.getInt32(at, true) | view.getInt32(at + 4, true);
    bits |= view.getInt32(at + 8, true) | view.getInt32(at + 12, true);
  }
  for (; at < CLIENT_HELLO_BYTES; at++) bits |= datagram[at] as number;
  return bits === 0;
}

function u16At(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}
