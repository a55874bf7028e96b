import { p256 } from "@noble/curves/nist.js";
import { isBytes, KEY_SHARE_BYTES } from "@sortie/wire";
import { encodeBase64 } from "./base64.js";
import { checkedProvider } from "./checked-provider.js";
import { containRejection } from "./contain-rejection.js";
import type { CryptoProvider, KeyPair } from "./crypto-provider.js";
import { describeKind } from "./describe-kind.js";
import { looksUncompressed } from "./p256-encoding.js";
import { formatPem, parsePem } from "./pem.js";

/** The long-term key by which clients know a server. */
export interface Identity {
  /** 65 bytes: uncompressed P-256 point; what clients pin. */
  readonly publicKey: Uint8Array;
  readonly keyPair: KeyPair;
  /**
   * Certificates for this key as SERVER_HELLO has them (`encodeCertificateChain` of `@sortie/wire`), for clients that
   * trust an authority; `withCertificates` of `@sortie/certificates` checks and adds them. Others see the raw key.
   */
  readonly certificateChain?: Uint8Array | undefined;
  /** ms since 1970: when the first of those certificates runs out, for operators; `withCertificates` knows it. */
  readonly certificateNotAfterMs?: number | undefined;
}

/** What was wrong with a key that someone gave us: a closed list. */
export type IdentityErrorCode =
  /** A file that is missing or cannot be read; `cause` is the system's error. */
  | "unreadable"
  /** No PEM block in the text. */
  | "not-pem"
  /** A PEM block of another kind: a certificate, SEC1, PKCS#1. */
  | "wrong-format"
  /** A private key where a public one belongs. */
  | "private-key-given"
  /** A public key where a private one belongs. */
  | "public-key-given"
  /** A private key under a passphrase. */
  | "encrypted"
  /** RSA, Ed25519 and the like. */
  | "wrong-key-type"
  /** An elliptic curve other than P-256. */
  | "wrong-curve"
  /** A damaged key, or a point that is not on the curve. */
  | "malformed-key";

/** A key that cannot serve. The message says what to do, and never holds key material. */
export class IdentityError extends Error {
  override readonly name = "IdentityError";
  readonly code: IdentityErrorCode;

  constructor(code: IdentityErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Start of the SubjectPublicKeyInfo of every uncompressed P-256 key (RFC 5480 section 2); the point follows. */
const SPKI_PREFIX: Uint8Array = /* @__PURE__ */ Uint8Array.of(
  0x30,
  0x59,
  0x30,
  0x13,
  0x06,
  0x07,
  0x2a,
  0x86,
  0x48,
  0xce,
  0x3d,
  0x02,
  0x01, //
  0x06,
  0x08,
  0x2a,
  0x86,
  0x48,
  0xce,
  0x3d,
  0x03,
  0x01,
  0x07,
  0x03,
  0x42,
  0x00, //
);
/** Where the object identifiers of the algorithm (id-ecPublicKey) and of the curve lie in it. */
const ALGORITHM_START = 4;
const CURVE_START = 13;
const CURVE_END = 23;

/** The identity of a key pair, which must serve for nothing else. */
export function identityOf(keyPair: KeyPair): Identity {
  return { publicKey: keyPair.publicKey, keyPair };
}

/**
 * A server's public key as 65 bytes, from a PEM text ("BEGIN PUBLIC KEY", as `openssl ec -pubout` writes it) or the raw
 * 65 bytes, which are copied. Throws IdentityError for other texts and bytes, points off the curve included, TypeError
 * for what is neither.
 */
export function parsePublicKey(key: string | Uint8Array): Uint8Array {
  if (typeof key !== "string") {
    if (!isBytes(key)) {
      containRejection(key);
      throw new TypeError(`"key" expected PEM text or 65 bytes, got ${describeKind(key)}`);
    }
    // First of all: bytes whose memory has gone cannot be copied, and a wrong file may be large.
    expectForm(key);
    // Not slice(): that of a Node Buffer shares its memory.
    return checkedPoint(new Uint8Array(key));
  }
  const block = parsePem(key);
  if (block === undefined) {
    throw new IdentityError("not-pem", 'expected a PEM text with "-----BEGIN PUBLIC KEY-----", got none');
  }
  if (block.label.endsWith("PRIVATE KEY")) {
    throw new IdentityError("private-key-given", "expected the public key, got the private key: keep it secret");
  }
  if (block.label !== "PUBLIC KEY") {
    throw new IdentityError("wrong-format", `expected a PEM block "PUBLIC KEY", got "${block.label}"`);
  }
  if (block.der === undefined) throw new IdentityError("malformed-key", "expected base64 in the PEM block");
  return pointOfSpki(block.der);
}

/** The PEM text ("BEGIN PUBLIC KEY") of a key of 65 bytes. Throws IdentityError for what is no key. */
export function publicKeyToPem(publicKey: Uint8Array): string {
  return formatPem("PUBLIC KEY", spkiOf(checkedPoint(publicKey)));
}

/**
 * A short name for a key: "SHA256:" and base64 of the hash over its SubjectPublicKeyInfo (RFC 7469 section 2.4), the
 * same as `openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64`. Throws IdentityError for what is
 * no key.
 */
export function fingerprint(crypto: CryptoProvider, publicKey: Uint8Array): string {
  return `SHA256:${encodeBase64(checkedProvider(crypto).sha256(spkiOf(checkedPoint(publicKey))))}`;
}

function spkiOf(publicKey: Uint8Array): Uint8Array {
  const der = new Uint8Array(SPKI_PREFIX.length + publicKey.length);
  der.set(SPKI_PREFIX);
  der.set(publicKey, SPKI_PREFIX.length);
  return der;
}

function pointOfSpki(der: Uint8Array): Uint8Array {
  if (der[0] !== 0x30) throw new IdentityError("malformed-key", "expected DER of a SubjectPublicKeyInfo");
  if (startsWith(der, 0, SPKI_PREFIX.length)) return checkedPoint(der.slice(SPKI_PREFIX.length));
  if (startsWith(der, CURVE_START, CURVE_END)) {
    throw new IdentityError("malformed-key", "expected an uncompressed P-256 point in the public key");
  }
  if (startsWith(der, ALGORITHM_START, CURVE_START)) {
    throw new IdentityError("wrong-curve", "expected a P-256 key, got a key of another curve");
  }
  throw new IdentityError("wrong-key-type", "expected a P-256 key, got a key of another algorithm");
}

/** Whether bytes `from` to `to` are those of a P-256 key. */
function startsWith(der: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (der[i] !== SPKI_PREFIX[i]) return false;
  return true;
}

function expectForm(publicKey: Uint8Array): void {
  if (looksUncompressed(publicKey)) return;
  const got = `${publicKey.length} bytes`;
  throw new IdentityError("malformed-key", `expected ${KEY_SHARE_BYTES} bytes that start with 04, got ${got}`);
}

function checkedPoint(publicKey: Uint8Array): Uint8Array {
  expectForm(publicKey);
  if (!p256.utils.isValidPublicKey(publicKey, false)) {
    throw new IdentityError("malformed-key", "expected a point on P-256, got one that is not on the curve");
  }
  return publicKey;
}
