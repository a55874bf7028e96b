import { ByteReader } from "../byte-reader.js";
import { ByteWriter } from "../byte-writer.js";
import {
  KEY_SHARE_BYTES,
  MAX_IDENTITY_BYTES,
  MAX_PARAMETERS_BYTES,
  MIN_DATAGRAM_BYTES,
  RANDOM_BYTES,
  SIGNATURE_BYTES,
} from "../constants.js";
import type { DecodeError } from "../decode-error.js";
import { expectBytes } from "./client-hello.js";
import { HandshakeType, readHandshakeHeader, writeHandshakeHeader } from "./handshake-header.js";

export const IdentityType = {
  /** 65 bytes: uncompressed P-256 point. */
  RawKey: 0x00,
  /** DER certificates, leaf first, each after its length in two bytes. */
  X509Chain: 0x01,
} as const;
export type IdentityType = (typeof IdentityType)[keyof typeof IdentityType];

/** The responder's packet. docs/PROTOCOL.md section 3.3. Decoded byte fields are views of the datagram. */
export interface ServerHello {
  readonly clientConnectionId: number;
  readonly serverConnectionId: number;
  readonly suite: number;
  readonly serverRandom: Uint8Array;
  readonly keyShare: Uint8Array;
  readonly parameters: Uint8Array;
  readonly identityType: IdentityType;
  readonly identity: Uint8Array;
  /** 64 bytes, r || s, over the context string and the transcript hash. */
  readonly signature: Uint8Array;
}

/** All but the signature: the part that enters the transcript. */
export type UnsignedServerHello = Omit<ServerHello, "signature">;

export function encodeUnsignedServerHello(hello: UnsignedServerHello): Uint8Array {
  expectBytes("serverRandom", hello.serverRandom, RANDOM_BYTES);
  expectBytes("keyShare", hello.keyShare, KEY_SHARE_BYTES);
  if (hello.parameters.length > MAX_PARAMETERS_BYTES) {
    throw new RangeError(`"parameters" expected at most ${MAX_PARAMETERS_BYTES} bytes, got ${hello.parameters.length}`);
  }
  if (hello.identity.length === 0 || hello.identity.length > MAX_IDENTITY_BYTES) {
    throw new RangeError(`"identity" expected 1..${MAX_IDENTITY_BYTES} bytes, got ${hello.identity.length}`);
  }
  const writer = new ByteWriter().reset(new Uint8Array(MIN_DATAGRAM_BYTES));
  writeHandshakeHeader(writer, HandshakeType.ServerHello);
  writer.u32(hello.clientConnectionId);
  writer.u32(hello.serverConnectionId);
  writer.u8(hello.suite);
  writer.copy(hello.serverRandom);
  writer.copy(hello.keyShare);
  writer.u16(hello.parameters.length);
  writer.copy(hello.parameters);
  writer.u8(hello.identityType);
  writer.u16(hello.identity.length);
  writer.copy(hello.identity);
  return writer.bytes.slice(0, writer.offset);
}

/** The whole packet: the unsigned part, then the signature. */
export function signServerHello(unsigned: Uint8Array, signature: Uint8Array): Uint8Array {
  expectBytes("signature", signature, SIGNATURE_BYTES);
  const packet = new Uint8Array(unsigned.length + SIGNATURE_BYTES);
  packet.set(unsigned);
  packet.set(signature, unsigned.length);
  return packet;
}

export function decodeServerHello(datagram: Uint8Array): ServerHello | DecodeError {
  const reader = new ByteReader().reset(datagram);
  readHandshakeHeader(reader, HandshakeType.ServerHello);
  const clientConnectionId = reader.u32();
  const serverConnectionId = reader.u32();
  const suite = reader.u8();
  const serverRandom = reader.view(RANDOM_BYTES);
  const keyShare = reader.view(KEY_SHARE_BYTES);
  const parametersBytes = reader.u16();
  if (parametersBytes > MAX_PARAMETERS_BYTES) reader.fail("out-of-range");
  const parameters = reader.view(parametersBytes);
  const identityType = reader.u8();
  if (identityType > IdentityType.X509Chain) reader.fail("out-of-range");
  const identityBytes = reader.u16();
  if (identityBytes === 0 || identityBytes > MAX_IDENTITY_BYTES) reader.fail("out-of-range");
  const identity = reader.view(identityBytes);
  const signature = reader.view(SIGNATURE_BYTES);
  reader.expectEnd();
  if (reader.error !== undefined) return reader.error;
  return {
    clientConnectionId,
    serverConnectionId,
    suite,
    serverRandom,
    keyShare,
    parameters,
    identityType: identityType as IdentityType,
    identity,
    signature,
  };
}

/** The part of an encoded SERVER_HELLO that its signature covers. */
export function unsignedPart(datagram: Uint8Array): Uint8Array {
  return datagram.subarray(0, datagram.length - SIGNATURE_BYTES);
}
