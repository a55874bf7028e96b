import { createPublicKey, randomBytes, sign, verify } from "node:crypto";
import { CipherSuite, SIGNATURE_BYTES } from "@sortie/wire";
import { expectHkdfLength } from "../crypto-arguments.js";
import type { Aead, CryptoProvider, KeyPair, PrivateKey } from "../crypto-provider.js";
import { looksUncompressed } from "../p256-encoding.js";
import { nodeAeads } from "./node-aead.js";
import { rawSignature } from "./ecdsa-signature.js";
import { HASH_BYTES, hmacSha256, sha256 } from "./node-hash.js";
import {
  generateNodeKeyPair,
  importNodePrivateKey,
  NodePrivateKey,
  plainBytes,
  publicJwk,
} from "./node-private-key.js";

/** AES-GCM first: processors of servers have instructions for it. */
const SUITE_PREFERENCE: readonly CipherSuite[] = Object.freeze([CipherSuite.Aes128Gcm, CipherSuite.ChaCha20Poly1305]);

class NodeProvider implements CryptoProvider {
  readonly name = "node";

  get suitePreference(): readonly CipherSuite[] {
    return SUITE_PREFERENCE;
  }

  randomBytes(length: number): Uint8Array {
    return plainBytes(randomBytes(length));
  }

  sha256(...parts: Uint8Array[]): Uint8Array {
    return sha256(parts);
  }

  hmacSha256(key: Uint8Array, ...parts: Uint8Array[]): Uint8Array {
    return hmacSha256(key, parts);
  }

  /** RFC 5869 in terms of HMAC: half the time of hkdfSync, which sets up a job. */
  hkdfSha256(inputKey: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array {
    expectHkdfLength(length);
    const pseudorandomKey = this.hmacSha256(salt, inputKey);
    const output = new Uint8Array(length);
    let block: Uint8Array = new Uint8Array(0);
    for (let at = 0, counter = 1; at < length; at += HASH_BYTES, counter++) {
      const next = this.hmacSha256(pseudorandomKey, block, info, Uint8Array.of(counter));
      block.fill(0);
      block = next;
      output.set(block.subarray(0, length - at), at);
    }
    block.fill(0);
    pseudorandomKey.fill(0);
    return output;
  }

  generateKeyPair(): KeyPair {
    return generateNodeKeyPair();
  }

  importPrivateKey(scalar: Uint8Array): KeyPair {
    return importNodePrivateKey(scalar);
  }

  sharedSecret(privateKey: PrivateKey, peerPublicKey: Uint8Array): Uint8Array | undefined {
    const { ecdh } = NodePrivateKey.of(privateKey);
    if (!looksUncompressed(peerPublicKey)) return undefined;
    try {
      // Throws for a point off the curve.
      return plainBytes(ecdh.computeSecret(peerPublicKey));
    } catch {
      return undefined;
    }
  }

  sign(privateKey: PrivateKey, message: Uint8Array): Uint8Array {
    const { signingKey } = NodePrivateKey.of(privateKey);
    return rawSignature(sign("sha256", message, signingKey));
  }

  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    if (!looksUncompressed(publicKey) || signature.length !== SIGNATURE_BYTES) return false;
    try {
      const key = createPublicKey({ format: "jwk", key: { ...publicJwk(publicKey) } });
      return verify("sha256", message, { key, dsaEncoding: "ieee-p1363" }, signature);
    } catch {
      return false;
    }
  }

  createAead(suite: CipherSuite, key: Uint8Array): Aead {
    return nodeAeads.createAead(suite, key);
  }
}

/** node:crypto, that is OpenSSL. The quick choice for servers and bots on Node. */
export function createNodeProvider(): CryptoProvider {
  return new NodeProvider();
}
