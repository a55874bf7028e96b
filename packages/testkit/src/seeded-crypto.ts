import { type CryptoProvider, createNobleProvider, type KeyPair, type PrivateKey } from "@sortie/handshake";
import { createNodeProvider } from "@sortie/handshake/node";
import { Prng } from "@sortie/transport-memory";

/** bytes that a key pair is drawn from, and bytes of its scalar. */
const SEED_BYTES = 48;
const SCALAR_BYTES = 32;
/** n - 1, of the order n of P-256 (FIPS 186-5, SP 800-186 section 3.2.1.3). */
const ORDER_LESS_ONE = 0xffffffff_00000000_ffffffff_ffffffff_bce6faad_a7179e84_f3b9cac2_fc632550n;

// Both libraries give the same values, and node:crypto takes a fraction of the time; its signatures alone are random.
const node = createNodeProvider();
const noble = createNobleProvider();

/** Of all seeded providers: each takes the keys of the others. noble's keys are made when first asked for. */
const scalars = new WeakMap<PrivateKey, Uint8Array>();
const signingKeys = new WeakMap<PrivateKey, PrivateKey>();

/**
 * Real cryptography over a seeded generator: the same seed gives the same keys, connection IDs and packets, so that a
 * failed run can be repeated. For tests only: such keys protect nothing.
 */
export function createSeededCrypto(seed: number): CryptoProvider {
  const prng = new Prng(seed);
  const randomBytes = (length: number): Uint8Array => {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = prng.uint32() & 0xff;
    return bytes;
  };
  return {
    name: "seeded",
    suitePreference: node.suitePreference,
    randomBytes,
    sha256: (...parts) => node.sha256(...parts),
    hmacSha256: (key, ...parts) => node.hmacSha256(key, ...parts),
    hkdfSha256: (inputKey, salt, info, length) => node.hkdfSha256(inputKey, salt, info, length),
    generateKeyPair: () => importPrivateKey(scalarFrom(randomBytes(SEED_BYTES))),
    importPrivateKey,
    sharedSecret: (privateKey, peerPublicKey) => node.sharedSecret(privateKey, peerPublicKey),
    sign: (privateKey, message) => noble.sign(signingKeyOf(privateKey), message),
    verify: (publicKey, message, signature) => node.verify(publicKey, message, signature),
    createAead: (suite, key) => node.createAead(suite, key),
  };
}

function importPrivateKey(scalar: Uint8Array): KeyPair {
  const pair = node.importPrivateKey(scalar);
  // Not slice(): that of a Node Buffer shares its memory. Of what is no scalar there is no pair.
  scalars.set(pair.privateKey, new Uint8Array(scalar));
  return pair;
}

/** Of a key that is not ours, itself: noble takes its own, and says what it expected of any other. */
function signingKeyOf(privateKey: PrivateKey): PrivateKey {
  const scalar = scalars.get(privateKey);
  if (scalar === undefined) return privateKey;
  const key = signingKeys.get(privateKey) ?? noble.importPrivateKey(scalar).privateKey;
  signingKeys.set(privateKey, key);
  return key;
}

/** A scalar in 1..n-1 without bias worth the name (FIPS 186-5 A.2.1). */
function scalarFrom(seed: Uint8Array): Uint8Array {
  let value = 0n;
  for (const byte of seed) value = (value << 8n) | BigInt(byte);
  value = (value % ORDER_LESS_ONE) + 1n;
  const scalar = new Uint8Array(SCALAR_BYTES);
  for (let i = SCALAR_BYTES - 1; i >= 0; i--, value >>= 8n) scalar[i] = Number(value & 0xffn);
  return scalar;
}
