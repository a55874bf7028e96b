import type { CipherSuite } from "@sortie/wire";

declare const privateKeyBrand: unique symbol;

/**
 * A P-256 private key as its provider keeps it: opaque, so that no log or serializer sees the scalar. A provider
 * throws TypeError for a key of another kind of provider.
 */
export interface PrivateKey {
  readonly [privateKeyBrand]: true;
}

/** A P-256 key pair, for key exchange or for signatures, never one pair for both. */
export interface KeyPair {
  /** 65 bytes: uncompressed point (SEC 1 section 2.3.3). */
  readonly publicKey: Uint8Array;
  readonly privateKey: PrivateKey;
}

/**
 * One key of an AEAD with 12-byte nonces and 16-byte tags (RFC 5116). The caller never repeats a nonce.
 * Ranges are offsets into `bytes`, and are the caller's to get right. Headers of up to 256 bytes and bodies of up to
 * 65,507 bytes are taken by all; an implementation may throw RangeError beyond. A throw is never a wrong tag: nobody
 * may go on with such a packet.
 *
 * Both methods must be synchronous: done when they return. One that returns a promise, as with Web Crypto, has sealed
 * nothing by then. It is refused, by the self-test and for each packet.
 */
export interface Aead {
  /**
   * Encrypts in place: `bytes[headerStart, bodyStart)` is the associated data, `bytes[bodyStart, bodyEnd)` is
   * encrypted, the tag is written to `bytes[bodyEnd, bodyEnd + 16)`. Synchronous; gives nothing back.
   */
  seal(nonce: Uint8Array, bytes: Uint8Array, headerStart: number, bodyStart: number, bodyEnd: number): void;
  /**
   * Decrypts `bytes[bodyStart, end)`, which is ciphertext and tag (at least 16 bytes), to `out` from 0. Returns the
   * length of the plaintext, or -1 when the tag is wrong; `out` is untouched then. Synchronous. Never changes `bytes`,
   * unless `out` is a view of the same memory: it may start at `bodyStart`, to decrypt in place.
   */
  open(
    nonce: Uint8Array,
    bytes: Uint8Array,
    headerStart: number,
    bodyStart: number,
    end: number,
    out: Uint8Array,
  ): number;
}

/**
 * Every primitive that Sortie uses, and its randomness. Two are shipped, pure JavaScript and node:crypto;
 * `composeProvider` joins one with the AEADs of other libraries.
 *
 * All methods are synchronous: a promise is refused with TypeError, and so are bytes of another length. Bytes that are
 * passed in belong to the caller: read them before you return, and keep none but the key of `createAead`. Bytes that
 * are returned are copied before the provider is called again: they may be memory that it uses anew each time. Those of
 * `hmacSha256`, `hkdfSha256` and `sharedSecret` are secrets, which are wiped where they lay: never give memory whose
 * contents you need.
 */
export interface CryptoProvider {
  /** For logs and statistics. */
  readonly name: string;
  /** `length` bytes of a cryptographic generator. Throws when the generator fails: everything above fails closed. */
  randomBytes(length: number): Uint8Array;
  /** SHA-256 (FIPS 180-4) of the concatenation, 32 bytes. */
  sha256(...parts: Uint8Array[]): Uint8Array;
  /** HMAC-SHA256 (RFC 2104) of the concatenation, 32 bytes. */
  hmacSha256(key: Uint8Array, ...parts: Uint8Array[]): Uint8Array;
  /** Extract, then expand (RFC 5869). `length`: 1..8160 bytes, RangeError otherwise. An empty salt is 32 zeros. */
  hkdfSha256(inputKey: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array;
  /** A fresh P-256 pair from the provider's randomness. */
  generateKeyPair(): KeyPair;
  /** The pair of a private scalar, 32 bytes big-endian. Throws RangeError outside 1..n-1, TypeError for no bytes. */
  importPrivateKey(scalar: Uint8Array): KeyPair;
  /**
   * ECDH on P-256 (SEC 1 section 3.3.1): the x-coordinate, 32 bytes. Undefined when the peer's key is no uncompressed
   * point on the curve (RFC 8446 section 4.2.8.2).
   */
  sharedSecret(privateKey: PrivateKey, peerPublicKey: Uint8Array): Uint8Array | undefined;
  /** ECDSA P-256/SHA-256 (FIPS 186-5) over the message, which the provider hashes: 64 bytes, r || s. */
  sign(privateKey: PrivateKey, message: Uint8Array): Uint8Array;
  /** Checks a signature of `sign`; false for keys and signatures of any malformed kind, never throws. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /** `key`: 16 bytes for AES-128-GCM, 32 for ChaCha20-Poly1305, RangeError otherwise. The key is not copied. */
  createAead(suite: CipherSuite, key: Uint8Array): Aead;
  /** Both suites, what is quicker with this provider first. */
  readonly suitePreference: readonly CipherSuite[];
}
