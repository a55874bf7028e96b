import { createNobleProvider, type CryptoProvider, type KeyPair } from "@sortie/handshake";

/** A provider that hands out fixed randoms and key pairs in order, and fails when they are used up. */
export interface FixedRandomness {
  /** For `randomBytes`; each must have the length that is asked for. */
  readonly randoms: Uint8Array[];
  /** For `generateKeyPair`: private scalars. */
  readonly scalars: Uint8Array[];
}

const noble: CryptoProvider = createNobleProvider();

export function fixedCrypto({ randoms, scalars }: FixedRandomness): CryptoProvider {
  return {
    name: "fixed",
    suitePreference: noble.suitePreference,
    randomBytes(length: number): Uint8Array {
      const bytes = randoms.shift();
      if (bytes?.length !== length) throw new Error(`no fixed random of ${length} bytes is left`);
      return bytes;
    },
    generateKeyPair(): KeyPair {
      const scalar = scalars.shift();
      if (scalar === undefined) throw new Error("no fixed key pair is left");
      return noble.importPrivateKey(scalar);
    },
    sha256: (...parts) => noble.sha256(...parts),
    hmacSha256: (key, ...parts) => noble.hmacSha256(key, ...parts),
    hkdfSha256: (inputKey, salt, info, length) => noble.hkdfSha256(inputKey, salt, info, length),
    importPrivateKey: (scalar) => noble.importPrivateKey(scalar),
    sharedSecret: (privateKey, peerPublicKey) => noble.sharedSecret(privateKey, peerPublicKey),
    sign: (privateKey, message) => noble.sign(privateKey, message),
    verify: (publicKey, message, signature) => noble.verify(publicKey, message, signature),
    createAead: (suite, key) => noble.createAead(suite, key),
  };
}

/** For what needs no randomness. */
export const crypto: CryptoProvider = fixedCrypto({ randoms: [], scalars: [] });
