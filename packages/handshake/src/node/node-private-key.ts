import { createECDH, createPrivateKey, type ECDH, type KeyObject } from "node:crypto";
import type { KeyPair, PrivateKey } from "../crypto-provider.js";
import { expectScalar, SCALAR_BYTES } from "../p256-encoding.js";

/** OpenSSL's name for P-256. */
export const CURVE = "prime256v1";

/** A public key as node:crypto imports it quickest (RFC 7518 section 6.2.1). */
export interface PublicJwk {
  readonly kty: string;
  readonly crv: string;
  readonly x: string;
  readonly y: string;
}

/** The ECDH object does key exchange three times as quick as KeyObjects; signatures need a KeyObject. */
export class NodePrivateKey {
  readonly #ecdh: ECDH;
  #signingKey: KeyObject | undefined = undefined;

  constructor(ecdh: ECDH) {
    this.#ecdh = ecdh;
  }

  /** Throws TypeError for a key that the node provider did not make. */
  static of(privateKey: PrivateKey): NodePrivateKey {
    const key: object = privateKey;
    if (!(#ecdh in key)) {
      const got = "of another provider or another copy of @sortie/handshake, or cloned from another thread";
      throw new TypeError(`"privateKey" expected a key of the node provider, got another: ${got}`);
    }
    return key;
  }

  get ecdh(): ECDH {
    return this.#ecdh;
  }

  /** Made when first asked for: ephemeral keys never sign. */
  get signingKey(): KeyObject {
    return (this.#signingKey ??= this.#createSigningKey());
  }

  #createSigningKey(): KeyObject {
    // OpenSSL leaves leading zeros of a scalar out.
    const scalar = new Uint8Array(SCALAR_BYTES);
    const digits = this.#ecdh.getPrivateKey();
    scalar.set(digits, SCALAR_BYTES - digits.length);
    const key = { ...publicJwk(this.#ecdh.getPublicKey()), d: base64url(scalar) };
    return createPrivateKey({ format: "jwk", key });
  }
}

export function generateNodeKeyPair(): KeyPair {
  const ecdh = createECDH(CURVE);
  // To be asked for it again would be computed again.
  return keyPairOf(ecdh, ecdh.generateKeys());
}

/** Throws RangeError outside 1..n-1. */
export function importNodePrivateKey(scalar: Uint8Array): KeyPair {
  expectScalar(scalar);
  const ecdh = createECDH(CURVE);
  ecdh.setPrivateKey(scalar);
  return keyPairOf(ecdh, ecdh.getPublicKey());
}

export function publicJwk(publicKey: Uint8Array): PublicJwk {
  const x = base64url(publicKey.subarray(1, 1 + SCALAR_BYTES));
  return { kty: "EC", crv: "P-256", x, y: base64url(publicKey.subarray(1 + SCALAR_BYTES)) };
}

/** Buffers stop here: the same bytes as a Uint8Array, whose slice copies. */
export function plainBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

function keyPairOf(ecdh: ECDH, publicKey: Buffer): KeyPair {
  const privateKey = new NodePrivateKey(ecdh) as object as PrivateKey;
  return { publicKey: plainBytes(publicKey), privateKey };
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64url");
}
