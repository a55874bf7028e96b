import { CipherSuite } from "@sortie/wire";
import { type AeadRange, type AeadSource, cheapestRanges, typicalCostNs } from "./aead-source.js";
import { markPassed } from "./aead-self-test.js";
import { expectSuiteKey } from "./crypto-arguments.js";
import type { Aead, CryptoProvider, KeyPair, PrivateKey } from "./crypto-provider.js";
import { SizedAead } from "./sized-aead.js";
import { expectSources, workingSource } from "./source-checks.js";

const SUITES: readonly CipherSuite[] = /* @__PURE__ */ Object.freeze([
  CipherSuite.Aes128Gcm,
  CipherSuite.ChaCha20Poly1305,
]);

const SUITE_NAMES: Readonly<Record<CipherSuite, string>> = /* @__PURE__ */ Object.freeze({
  [CipherSuite.Aes128Gcm]: "AES-128-GCM",
  [CipherSuite.ChaCha20Poly1305]: "ChaCha20-Poly1305",
});

/** A provider whose AEADs come from several libraries. */
export interface ComposedProvider extends CryptoProvider {
  /**
   * One more source, for AEADs made from now on. Throws TypeError for one whose name is there already, and as
   * `composeProvider` does.
   */
  add(source: AeadSource): void;
}

class SourcesProvider implements ComposedProvider {
  readonly #base: CryptoProvider;
  readonly #sources: AeadSource[] = [];
  readonly #ranges: Map<CipherSuite, readonly AeadRange[]> = new Map();
  #suitePreference: readonly CipherSuite[] = [];
  #name = "";

  constructor(base: CryptoProvider, sources: readonly AeadSource[]) {
    expectSources(sources);
    this.#base = base;
    this.#include(sources);
    for (const suite of SUITES) {
      if (this.#rangesOf(suite).length > 0) continue;
      const hint = "nobleAeads of @sortie/handshake has both suites, in browsers too";
      throw new TypeError(`"sources" expected one with suite ${SUITE_NAMES[suite]}, got none: ${hint}`);
    }
    // Those of its sources were tested, and there are no others.
    markPassed(this, SUITES);
  }

  get name(): string {
    return this.#name;
  }

  get suitePreference(): readonly CipherSuite[] {
    return this.#suitePreference;
  }

  add(source: AeadSource): void {
    this.#include([source]);
  }

  randomBytes(length: number): Uint8Array {
    return this.#base.randomBytes(length);
  }

  sha256(...parts: Uint8Array[]): Uint8Array {
    return this.#base.sha256(...parts);
  }

  hmacSha256(key: Uint8Array, ...parts: Uint8Array[]): Uint8Array {
    return this.#base.hmacSha256(key, ...parts);
  }

  hkdfSha256(inputKey: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array {
    return this.#base.hkdfSha256(inputKey, salt, info, length);
  }

  generateKeyPair(): KeyPair {
    return this.#base.generateKeyPair();
  }

  importPrivateKey(scalar: Uint8Array): KeyPair {
    return this.#base.importPrivateKey(scalar);
  }

  sharedSecret(privateKey: PrivateKey, peerPublicKey: Uint8Array): Uint8Array | undefined {
    return this.#base.sharedSecret(privateKey, peerPublicKey);
  }

  sign(privateKey: PrivateKey, message: Uint8Array): Uint8Array {
    return this.#base.sign(privateKey, message);
  }

  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    return this.#base.verify(publicKey, message, signature);
  }

  createAead(suite: CipherSuite, key: Uint8Array): Aead {
    expectSuiteKey(suite, key);
    const ranges = this.#rangesOf(suite);
    let aead: Aead | undefined;
    // From the largest packets to the smallest: each range before stands in front of those after it.
    for (let i = ranges.length - 1; i >= 0; i--) {
      const { source, maxBodyBytes } = ranges[i] as AeadRange;
      const own = source.createAead(suite, key);
      aead = aead === undefined ? own : new SizedAead(own, aead, maxBodyBytes);
    }
    return aead as Aead;
  }

  #rangesOf(suite: CipherSuite): readonly AeadRange[] {
    return this.#ranges.get(suite) ?? [];
  }

  #include(sources: readonly AeadSource[]): void {
    const names = new Set(this.#sources.map(({ name }) => name));
    const included: AeadSource[] = [];
    for (const given of sources) {
      const source = workingSource(given);
      if (names.has(source.name)) throw new TypeError(`"source" expected a new name, got "${source.name}" again`);
      names.add(source.name);
      included.push(source);
    }
    this.#sources.push(...included);
    for (const suite of SUITES) this.#ranges.set(suite, cheapestRanges(this.#sources, suite));
    const order = [...SUITES].sort((a, b) => typicalCostNs(this.#sources, a) - typicalCostNs(this.#sources, b));
    this.#suitePreference = Object.freeze(order);
    this.#name = `${this.#base.name}; ${order.map((suite) => describe(suite, this.#rangesOf(suite))).join("; ")}`;
  }
}

/**
 * A provider with key exchange, signatures, hashes and randomness of `base` and the AEADs of `sources`: for each suite
 * and size of packet the source that costs least (all give the same bytes), and the cheaper suite preferred. Throws
 * TypeError when a suite has no source, a name comes twice, a cost is no finite number from 0 on, or an AEAD fails its
 * test, which comes once for each suite in the life of a source. Names and costs are copied: changed later, they have
 * no effect.
 */
export function composeProvider(base: CryptoProvider, sources: readonly AeadSource[]): ComposedProvider {
  return new SourcesProvider(base, sources);
}

/** "ChaCha20-Poly1305 by libsodium-wasm to 183 bytes, then sodium-native". */
function describe(suite: CipherSuite, ranges: readonly AeadRange[]): string {
  const parts = ranges.map(({ source, maxBodyBytes }) =>
    maxBodyBytes === Number.POSITIVE_INFINITY ? source.name : `${source.name} to ${maxBodyBytes} bytes`,
  );
  return `${SUITE_NAMES[suite]} by ${parts.join(", then ")}`;
}
