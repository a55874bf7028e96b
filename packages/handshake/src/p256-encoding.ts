import { KEY_SHARE_BYTES } from "@sortie/wire";
import { expectBytes } from "./crypto-arguments.js";

/** bytes. A scalar or a coordinate. */
export const SCALAR_BYTES = 32;

/** First byte of an uncompressed point (SEC 1 section 2.3.3); the compressed and hybrid forms are not accepted. */
const UNCOMPRESSED_PREFIX = 0x04;

/** The order n of the base point, big-endian (SP 800-186 section 3.2.1.3). */
const ORDER = /* @__PURE__ */ Uint8Array.of(
  0xff,
  0xff,
  0xff,
  0xff,
  0x00,
  0x00,
  0x00,
  0x00,
  0xff,
  0xff,
  0xff,
  0xff,
  0xff,
  0xff,
  0xff,
  0xff, //
  0xbc,
  0xe6,
  0xfa,
  0xad,
  0xa7,
  0x17,
  0x9e,
  0x84,
  0xf3,
  0xb9,
  0xca,
  0xc2,
  0xfc,
  0x63,
  0x25,
  0x51, //
);

/**
 * Throws TypeError for a scalar that is no bytes, RangeError unless they are 32 in 1..n-1. The value itself is never
 * part of the message.
 */
export function expectScalar(scalar: Uint8Array): void {
  expectBytes("scalar", scalar, SCALAR_BYTES);
  // Borrow of scalar - n over all bytes, without a branch on the secret.
  let borrow = 0;
  let any = 0;
  for (let i = SCALAR_BYTES - 1; i >= 0; i--) {
    const byte = scalar[i] as number;
    borrow = (byte - (ORDER[i] as number) - borrow) >>> 31;
    any |= byte;
  }
  if (borrow === 0 || any === 0) throw new RangeError('"scalar" expected 1..n-1 of P-256, got a value outside');
}

/** Whether the bytes have the form of an uncompressed point; says nothing of the curve. */
export function looksUncompressed(publicKey: Uint8Array): boolean {
  return publicKey.length === KEY_SHARE_BYTES && publicKey[0] === UNCOMPRESSED_PREFIX;
}
