import { createHash, createHmac, hash } from "node:crypto";
import { plainBytes } from "./node-private-key.js";

/** bytes. SHA-256's block, to which HMAC extends its key (RFC 2104 section 2). */
const BLOCK_BYTES = 64;
/** bytes. One SHA-256 output. */
export const HASH_BYTES = 32;
/** bytes. Both HELLOs of a transcript, each of a datagram at the most. Longer input is rare here. */
const MAX_INPUT_BYTES = 3072;
/** bytes. Longer messages are rare here, and the objects of createHmac weigh less beside them. */
const MAX_MESSAGE_BYTES = 256;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

const input = new Uint8Array(MAX_INPUT_BYTES);
const inner = new Uint8Array(BLOCK_BYTES + MAX_MESSAGE_BYTES);
const outer = new Uint8Array(BLOCK_BYTES + HASH_BYTES);
/** Views of `inner` by length: a new one for each call would cost half as much as the hashing. */
const innerViews: (Uint8Array | undefined)[] = new Array<undefined>(inner.length + 1).fill(undefined);

/** SHA-256 (FIPS 180-4) of the concatenation by Node's one-shot hash; a Hash object costs more than the hashing. */
export function sha256(parts: readonly Uint8Array[]): Uint8Array {
  let end = 0;
  for (const part of parts) end += part.length;
  if (end > MAX_INPUT_BYTES) return hashThroughObject(parts);
  join(parts, input, 0);
  const digest = new Uint8Array(HASH_BYTES);
  digestInto(input.subarray(0, end), digest, 0);
  input.fill(0, 0, end);
  return digest;
}

/**
 * HMAC-SHA256 (RFC 2104) by two calls of Node's one-shot hash: a Hmac object costs more than the hashing, on Node 24
 * seven times as much (measured with 20.20 and 24.21).
 */
export function hmacSha256(key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  let end = BLOCK_BYTES;
  for (const part of parts) end += part.length;
  const keyBytes = key.length;
  if (keyBytes > BLOCK_BYTES || end > inner.length) return hmacThroughObject(key, parts);
  for (let i = 0; i < keyBytes; i++) {
    const byte = key[i] as number;
    inner[i] = byte ^ INNER_PAD;
    outer[i] = byte ^ OUTER_PAD;
  }
  inner.fill(INNER_PAD, keyBytes, BLOCK_BYTES);
  outer.fill(OUTER_PAD, keyBytes, BLOCK_BYTES);
  join(parts, inner, BLOCK_BYTES);
  digestInto((innerViews[end] ??= inner.subarray(0, end)), outer, BLOCK_BYTES);
  const mac = new Uint8Array(HASH_BYTES);
  digestInto(outer, mac, 0);
  // No key is left behind in what outlives the call.
  inner.fill(0, 0, end);
  outer.fill(0);
  return mac;
}

/**
 * SHA-256 of `bytes` to `out[at, at + 32)`. Asked for as a string with a character for each byte ("binary"): for a
 * Buffer, Node takes memory outside of V8's heap, which costs twice as much as the hashing.
 */
function digestInto(bytes: Uint8Array, out: Uint8Array, at: number): void {
  const digest = hash("sha256", bytes, "binary");
  for (let i = 0; i < HASH_BYTES; i++) out[at + i] = digest.charCodeAt(i);
}

function join(parts: readonly Uint8Array[], target: Uint8Array, start: number): void {
  let at = start;
  for (const part of parts) {
    target.set(part, at);
    at += part.length;
  }
}

function hashThroughObject(parts: readonly Uint8Array[]): Uint8Array {
  const object = createHash("sha256");
  for (const part of parts) object.update(part);
  return plainBytes(object.digest());
}

function hmacThroughObject(key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  const object = createHmac("sha256", key);
  for (const part of parts) object.update(part);
  return plainBytes(object.digest());
}
