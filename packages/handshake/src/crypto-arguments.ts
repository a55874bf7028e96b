import { CipherSuite, isBytes } from "@sortie/wire";
import { describeKind } from "./describe-kind.js";

/** bytes. 255 blocks of SHA-256 (RFC 5869 section 2.3). */
const MAX_HKDF_BYTES = 255 * 32;

/** bytes. Length of a suite's key: AES-128 (FIPS 197) or ChaCha20 (RFC 8439 section 2.3). */
export function suiteKeyBytes(suite: CipherSuite): 16 | 32 {
  return suite === CipherSuite.Aes128Gcm ? 16 : 32;
}

/**
 * Throws TypeError for what is no Uint8Array, RangeError for one of another length. To be asked before bytes are
 * copied: of `undefined` or a text `new Uint8Array` makes none, and of the number 32 as many zeros: keys that anybody
 * knows.
 */
export function expectBytes(label: string, bytes: unknown, length: number): void {
  if (!isBytes(bytes)) throw new TypeError(`"${label}" expected ${length} bytes, got ${describeKind(bytes)}`);
  if (bytes.length !== length) throw new RangeError(`"${label}" expected ${length} bytes, got ${bytes.length}`);
}

/** Throws RangeError for an unknown suite or a key of another length. */
export function expectSuiteKey(suite: CipherSuite, key: Uint8Array): void {
  if (suite !== CipherSuite.Aes128Gcm && suite !== CipherSuite.ChaCha20Poly1305) {
    throw new RangeError(`"suite" expected 1 or 2, got ${String(suite)}`);
  }
  const expected = suiteKeyBytes(suite);
  if (key.length !== expected) throw new RangeError(`"key" expected ${expected} bytes, got ${key.length}`);
}

/** Throws RangeError outside what one expansion gives. */
export function expectHkdfLength(length: number): void {
  if (!Number.isInteger(length) || length < 1 || length > MAX_HKDF_BYTES) {
    throw new RangeError(`"length" expected 1..${MAX_HKDF_BYTES}, got ${length}`);
  }
}

/** Throws RangeError unless there is at least one suite and all are known. */
export function expectSuites(suites: readonly CipherSuite[]): void {
  const known = suites.every((suite) => suite === CipherSuite.Aes128Gcm || suite === CipherSuite.ChaCha20Poly1305);
  if (suites.length === 0 || !known) {
    throw new RangeError(`"suites" expected some of 1 and 2, got [${suites.join(", ")}]`);
  }
}

/** Throws RangeError unless `connectionId` is an unsigned 32-bit number. */
export function expectConnectionId(label: string, connectionId: number): void {
  if (connectionId >>> 0 !== connectionId) {
    throw new RangeError(`"${label}" expected 0..4294967295, got ${connectionId}`);
  }
}
