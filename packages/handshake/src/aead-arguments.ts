/** bytes. Longest header that every AEAD of ours takes; that of a packet has 9. */
export const MAX_AEAD_HEADER_BYTES = 256;

/** bytes. Longest body that every AEAD of ours takes: no UDP datagram has more (65,507 bytes, RFC 768 and RFC 791). */
export const MAX_AEAD_BODY_BYTES = 65_507;

/**
 * Throws RangeError for lengths that are negative, no integers, or beyond what the memory of a library was set up for:
 * there they would reach past the end of a buffer.
 */
export function expectAeadLengths(headerBytes: number, bodyBytes: number): void {
  // Unsigned: a negative number is larger than all limits.
  if (headerBytes >>> 0 !== headerBytes || headerBytes > MAX_AEAD_HEADER_BYTES) {
    throw new RangeError(`"header" expected 0..${MAX_AEAD_HEADER_BYTES} bytes, got ${headerBytes}`);
  }
  if (bodyBytes >>> 0 !== bodyBytes || bodyBytes > MAX_AEAD_BODY_BYTES) {
    throw new RangeError(`"body" expected 0..${MAX_AEAD_BODY_BYTES} bytes, got ${bodyBytes}`);
  }
}

/** bytes. Nonces of both suites (RFC 5116 section 5.1, RFC 8439 section 2.8). */
const NONCE_BYTES = 12;

/** Throws RangeError for a nonce of another length: a library would read what lies behind it. */
export function expectNonce(nonce: Uint8Array): void {
  if (nonce.length !== NONCE_BYTES) throw new RangeError(`"nonce" expected ${NONCE_BYTES} bytes, got ${nonce.length}`);
}
