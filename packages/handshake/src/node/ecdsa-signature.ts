import { SIGNATURE_BYTES } from "@sortie/wire";

/** bytes of r, and of s. */
const HALF_BYTES = SIGNATURE_BYTES / 2;
const SEQUENCE = 0x30;
const INTEGER = 0x02;

/**
 * r || s of an ECDSA-Sig-Value (RFC 3279 section 2.2.3) as OpenSSL writes it for P-256. node:crypto converts as well
 * (`dsaEncoding`), and on Node 24 takes as long for that as for the signature.
 * Throws Error for anything else: such a signature must not be sent.
 */
export function rawSignature(der: Uint8Array): Uint8Array {
  const raw = new Uint8Array(SIGNATURE_BYTES);
  if (der[0] !== SEQUENCE || der[1] !== der.length - 2) throw malformed(der);
  const end = copyInteger(der, copyInteger(der, 2, raw, 0), raw, HALF_BYTES);
  if (end !== der.length) throw malformed(der);
  return raw;
}

/** Copies the INTEGER at `at`, right-aligned, to `raw[to, to + 32)`; returns where it ends. */
function copyInteger(der: Uint8Array, at: number, raw: Uint8Array, to: number): number {
  const length = der[at + 1];
  if (der[at] !== INTEGER || length === undefined || length < 1) throw malformed(der);
  const end = at + 2 + length;
  // A zero in front keeps the number positive.
  const start = der[at + 2] === 0 ? at + 3 : at + 2;
  if (end > der.length || end - start > HALF_BYTES) throw malformed(der);
  raw.set(der.subarray(start, end), to + HALF_BYTES - (end - start));
  return end;
}

function malformed(der: Uint8Array): Error {
  return new Error(`OpenSSL gave ${der.length} bytes that are no signature on P-256`);
}
