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
import { expectAtMostBytes, expectBytes } from "../expect-bytes.js";
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

/** Where a hello is written before its length is known; nothing of it is secret. */
const scratch: Uint8Array = /* @__PURE__ */ new Uint8Array(MIN_DATAGRAM_BYTES);
const sharedWriter: ByteWriter = /* @__PURE__ */ new ByteWriter();

/** All but the signature: the part that enters the transcript. */
export type UnsignedServerHello = Omit<ServerHello, "signature">;

export function encodeUnsignedServerHello(hello: UnsignedServerHello): Uint8Array {
  expectBytes("serverRandom", hello.serverRandom, RANDOM_BYTES);
  expectBytes("keyShare", hello.keyShare, KEY_SHARE_BYTES);
  expectAtMostBytes("parameters", hello.parameters, MAX_PARAMETERS_BYTES);
  if (!legalIdentity(hello.identityType, hello.identity.length)) {
    throw new RangeError(
      `"identity" expected ${KEY_SHARE_BYTES} bytes of a raw key or a chain of 1..${MAX_IDENTITY_BYTES}, ` +
        `got ${hello.identity.length} bytes of type ${hello.identityType}`,
    );
  }
  const writer = sharedWriter.reset(scratch);
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
  const identityBytes = reader.u16();
  if (!legalIdentity(identityType, identityBytes)) reader.fail("out-of-range");
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

/** Whether an identity of this type can have this length: a raw key has one, a chain at most 900 bytes. */
function legalIdentity(type: number, length: number): boolean {
  if (type === IdentityType.RawKey) return length === KEY_SHARE_BYTES;
  return type === IdentityType.X509Chain && length > 0 && length <= MAX_IDENTITY_BYTES;
}

/** The part of an encoded SERVER_HELLO that its signature covers. */
export function unsignedPart(datagram: Uint8Array): Uint8Array {
  return datagram.subarray(0, datagram.length - SIGNATURE_BYTES);
}
