import { ByteReader } from "../byte-reader.js";
import { ByteWriter } from "../byte-writer.js";
import { MAX_CERTIFICATES, MAX_IDENTITY_BYTES } from "../constants.js";
import type { DecodeError } from "../decode-error.js";

/** Bytes of a certificate's length. */
const LENGTH_BYTES = 2;

/**
 * The identity field of a SERVER_HELLO with certificates: DER, leaf first, each after its length. docs/PROTOCOL.md
 * section 3.3. Throws RangeError for no or more than 4 certificates, an empty one, and more than 900 bytes in all.
 */
export function encodeCertificateChain(certificates: readonly Uint8Array[]): Uint8Array {
  const count = certificates.length;
  if (count < 1 || count > MAX_CERTIFICATES) {
    throw new RangeError(`"certificates" expected 1..${MAX_CERTIFICATES} certificates, got ${count}`);
  }
  let bytes = 0;
  for (const der of certificates) {
    if (der.length === 0) throw new RangeError('"certificates" expected DER of at least 1 byte each, got an empty one');
    bytes += LENGTH_BYTES + der.length;
  }
  if (bytes > MAX_IDENTITY_BYTES) {
    throw new RangeError(
      `"certificates" expected at most ${MAX_IDENTITY_BYTES} bytes with ${LENGTH_BYTES} for each length, got ${bytes}`,
    );
  }
  const writer = new ByteWriter().reset(new Uint8Array(bytes));
  for (const der of certificates) {
    writer.u16(der.length);
    writer.copy(der);
  }
  return writer.bytes;
}

/** The certificates of an identity field, leaf first: views of `bytes`. */
export function decodeCertificateChain(bytes: Uint8Array): Uint8Array[] | DecodeError {
  const reader = new ByteReader().reset(bytes);
  const certificates: Uint8Array[] = [];
  do {
    if (certificates.length >= MAX_CERTIFICATES) reader.fail("out-of-range");
    const length = reader.u16();
    if (length === 0) reader.fail("out-of-range");
    certificates.push(reader.view(length));
  } while (reader.remaining > 0 && reader.error === undefined);
  return reader.error ?? certificates;
}
