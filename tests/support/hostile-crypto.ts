import type { Aead, CryptoProvider } from "@sortie/handshake";
import { createNodeProvider } from "@sortie/handshake/node";
import { Prng } from "@sortie/transport-memory";

/** bytes. A P-256 scalar; one drawn at random is out of range once in 2^32. */
const SCALAR_BYTES = 32;

/** node:crypto over a seeded generator: ten times as quick as the portable provider, for suites with many peers. */
export function createSeededNodeCrypto(seed: number): CryptoProvider {
  const prng = new Prng(seed);
  const randomBytes = (length: number): Uint8Array => {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = prng.uint32() & 0xff;
    return bytes;
  };
  const provider = createNodeProvider();
  return override(provider, {
    randomBytes,
    generateKeyPair: () => provider.importPrivateKey(randomBytes(SCALAR_BYTES)),
  });
}

/** What of a provider fails. */
export type CryptoFault = "randomBytes" | "hmacSha256" | "sharedSecret" | "sign" | "createAead" | "seal" | "open";

/** A provider of which some functions throw, from the moment that they are broken. */
export interface FaultyCrypto {
  readonly crypto: CryptoProvider;
  /** Functions that throw now. */
  readonly broken: Set<CryptoFault>;
  /** The same for single AEADs, by the order in which they were made. */
  readonly brokenAeads: Set<number>;
  /** AEADs made so far. */
  readonly aeads: () => number;
  /** Times that something threw. */
  readonly thrown: () => number;
}

export function createFaultyCrypto(seed: number): FaultyCrypto {
  const broken = new Set<CryptoFault>();
  const brokenAeads = new Set<number>();
  let thrown = 0;
  let aeads = 0;
  const check = (fault: CryptoFault, index: number = -1): void => {
    if (!broken.has(fault) && !brokenAeads.has(index)) return;
    thrown += 1;
    throw new Error(`${fault} failed`);
  };
  const inner = createSeededNodeCrypto(seed);
  const crypto = override(inner, {
    randomBytes: (length) => (check("randomBytes"), inner.randomBytes(length)),
    hmacSha256: (key, ...parts) => (check("hmacSha256"), inner.hmacSha256(key, ...parts)),
    sharedSecret: (key, peer) => (check("sharedSecret"), inner.sharedSecret(key, peer)),
    sign: (key, message) => (check("sign"), inner.sign(key, message)),
    createAead: (suite, key): Aead => {
      check("createAead");
      const aead = inner.createAead(suite, key);
      const index = aeads++;
      return {
        seal: (nonce, bytes, header, body, end) => (check("seal", index), aead.seal(nonce, bytes, header, body, end)),
        open: (nonce, bytes, header, body, end, out) => (
          check("open", index),
          aead.open(nonce, bytes, header, body, end, out)
        ),
      };
    },
  });
  return { crypto, broken, brokenAeads, aeads: () => aeads, thrown: () => thrown };
}

/** A provider with some functions replaced. */
function override(provider: CryptoProvider, functions: Partial<CryptoProvider>): CryptoProvider {
  return Object.assign(Object.create(provider) as CryptoProvider, functions);
}
