import { p256 } from "@noble/curves/nist.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { randomBytes as systemRandomBytes } from "@noble/hashes/utils.js";
import { CipherSuite, SIGNATURE_BYTES } from "@sortie/wire";
import { expectHkdfLength } from "./crypto-arguments.js";
import type { Aead, CryptoProvider, KeyPair, PrivateKey } from "./crypto-provider.js";
import { nobleAeads } from "./noble-aead.js";
import { expectScalar, looksUncompressed, SCALAR_BYTES } from "./p256-encoding.js";

export interface NobleProviderOptions {
  /**
   * Replaces the platform's generator (`crypto.getRandomValues`), for deterministic tests. Must return exactly
   * `length` bytes. Signatures are deterministic in either case (RFC 6979).
   */
  readonly randomBytes?: ((length: number) => Uint8Array) | undefined;
}

/** ChaCha20 first: in JavaScript it takes a third of the time of AES-GCM. */
const SUITE_PREFERENCE: readonly CipherSuite[] = /* @__PURE__ */ Object.freeze([
  CipherSuite.ChaCha20Poly1305,
  CipherSuite.Aes128Gcm,
]);

class NoblePrivateKey {
  readonly #scalar: Uint8Array;

  constructor(scalar: Uint8Array) {
    this.#scalar = scalar;
  }

  /** The scalar of a key that this provider made; throws TypeError for any other. */
  static scalarOf(privateKey: PrivateKey): Uint8Array {
    const key: object = privateKey;
    if (!(#scalar in key)) throw new TypeError('"privateKey" expected a key of the noble provider, got another');
    return key.#scalar;
  }
}

class NobleProvider implements CryptoProvider {
  readonly name = "noble";
  readonly #generator: (length: number) => Uint8Array;

  constructor(generator: (length: number) => Uint8Array) {
    this.#generator = generator;
  }

  get suitePreference(): readonly CipherSuite[] {
    return SUITE_PREFERENCE;
  }

  randomBytes(length: number): Uint8Array {
    const bytes = this.#generator(length);
    if (bytes.length !== length) {
      throw new Error(`"randomBytes" expected ${length} bytes of the generator, got ${bytes.length}`);
    }
    return bytes;
  }

  sha256(...parts: Uint8Array[]): Uint8Array {
    const hash = sha256.create();
    for (const part of parts) hash.update(part);
    return hash.digest();
  }

  hmacSha256(key: Uint8Array, ...parts: Uint8Array[]): Uint8Array {
    const mac = hmac.create(sha256, key);
    for (const part of parts) mac.update(part);
    return mac.digest();
  }

  hkdfSha256(inputKey: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array {
    expectHkdfLength(length);
    return hkdf(sha256, inputKey, salt, info, length);
  }

  generateKeyPair(): KeyPair {
    // 48 bytes reduced modulo n - 1: no bias worth the name (FIPS 186-5 A.2.1).
    return keyPairOf(p256.utils.randomSecretKey(this.randomBytes(p256.lengths.seed ?? 48)));
  }

  importPrivateKey(scalar: Uint8Array): KeyPair {
    expectScalar(scalar);
    // Not slice(): that of a Node Buffer shares its memory, and the caller may wipe his.
    return keyPairOf(new Uint8Array(scalar));
  }

  sharedSecret(privateKey: PrivateKey, peerPublicKey: Uint8Array): Uint8Array | undefined {
    const scalar = NoblePrivateKey.scalarOf(privateKey);
    if (!looksUncompressed(peerPublicKey)) return undefined;
    try {
      // Throws for a point off the curve. The answer is an uncompressed point: prefix, x, y.
      return p256.getSharedSecret(scalar, peerPublicKey, false).slice(1, 1 + SCALAR_BYTES);
    } catch {
      return undefined;
    }
  }

  sign(privateKey: PrivateKey, message: Uint8Array): Uint8Array {
    return p256.sign(message, NoblePrivateKey.scalarOf(privateKey), { lowS: false });
  }

  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    if (!looksUncompressed(publicKey) || signature.length !== SIGNATURE_BYTES) return false;
    try {
      // Plain ECDSA: other signers of the field do not restrict s to its lower half.
      return p256.verify(signature, message, publicKey, { lowS: false });
    } catch {
      return false;
    }
  }

  createAead(suite: CipherSuite, key: Uint8Array): Aead {
    return nobleAeads.createAead(suite, key);
  }
}

/** Pure JavaScript on the audited noble libraries: runs in browsers, Node, Bun and Deno. */
export function createNobleProvider(options: NobleProviderOptions = {}): CryptoProvider {
  return new NobleProvider(options.randomBytes ?? systemRandomBytes);
}

function keyPairOf(scalar: Uint8Array): KeyPair {
  const publicKey = p256.getPublicKey(scalar, false);
  return { publicKey, privateKey: new NoblePrivateKey(scalar) as object as PrivateKey };
}
