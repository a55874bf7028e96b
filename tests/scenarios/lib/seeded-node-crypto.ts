import type { CryptoProvider } from "@sortie/handshake";
import { createNodeProvider } from "@sortie/handshake/node";
import { Prng } from "@sortie/transport-memory";

/** bytes. A P-256 scalar; one drawn evenly is out of range once in 2^32. */
const SCALAR_BYTES = 32;

/**
 * node:crypto over a seeded generator: keys and connection IDs repeat, as with `createSeededCrypto`. Signatures do not:
 * those of that provider are made in JavaScript, which takes longer. Such keys protect nothing.
 */
export function createSeededNodeCrypto(seed: number): CryptoProvider {
  const prng = new Prng(seed, [0xc0de]);
  const node = createNodeProvider();
  const randomBytes = (length: number): Uint8Array => {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = prng.uint32() & 0xff;
    return bytes;
  };
  return {
    name: "node:crypto, seeded",
    randomBytes,
    sha256: (...parts) => node.sha256(...parts),
    hmacSha256: (key, ...parts) => node.hmacSha256(key, ...parts),
    hkdfSha256: (inputKey, salt, info, length) => node.hkdfSha256(inputKey, salt, info, length),
    generateKeyPair: () => node.importPrivateKey(randomBytes(SCALAR_BYTES)),
    importPrivateKey: (scalar) => node.importPrivateKey(scalar),
    sharedSecret: (privateKey, peerPublicKey) => node.sharedSecret(privateKey, peerPublicKey),
    sign: (privateKey, message) => node.sign(privateKey, message),
    verify: (publicKey, message, signature) => node.verify(publicKey, message, signature),
    createAead: (suite, key) => node.createAead(suite, key),
    suitePreference: node.suitePreference,
  };
}
