import type { CryptoProvider } from "@sortie/handshake";
import { createNodeProvider } from "@sortie/handshake/node";
import { Random } from "./random.js";

/** bytes. A P-256 scalar. */
const SCALAR_BYTES = 32;

/** Real cryptography of node:crypto over a seeded generator. Only signatures differ from run to run. */
export function createRepeatableCrypto(seed: number): CryptoProvider {
  const node = createNodeProvider();
  const random = new Random(seed);
  const randomBytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => random.u32());
  return {
    name: "repeatable",
    suitePreference: node.suitePreference,
    randomBytes,
    sha256: (...parts) => node.sha256(...parts),
    hmacSha256: (key, ...parts) => node.hmacSha256(key, ...parts),
    hkdfSha256: (...args) => node.hkdfSha256(...args),
    // The first byte keeps the scalar below the order.
    generateKeyPair: () => node.importPrivateKey(randomBytes(SCALAR_BYTES).fill(0x55, 0, 1)),
    importPrivateKey: (scalar) => node.importPrivateKey(scalar),
    sharedSecret: (privateKey, peer) => node.sharedSecret(privateKey, peer),
    sign: (privateKey, message) => node.sign(privateKey, message),
    verify: (publicKey, message, signature) => node.verify(publicKey, message, signature),
    createAead: (suite, key) => node.createAead(suite, key),
  };
}
