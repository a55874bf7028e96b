import { type CipherSuite, isBytes, KEY_SHARE_BYTES, SIGNATURE_BYTES } from "@sortie/wire";
import { expectAead } from "./aead-answers.js";
import { testOnce } from "./aead-self-test.js";
import { containRejection } from "./contain-rejection.js";
import type { Aead, CryptoProvider, KeyPair, PrivateKey } from "./crypto-provider.js";
import { describeKind } from "./describe-kind.js";

/** bytes. SHA-256, HMAC of it, and the x-coordinate of a point on P-256. */
const OUTPUT_BYTES = 32;

/** By the provider that was given: each is tested once. */
const checkedProviders: WeakMap<CryptoProvider, CheckedProvider> = /* @__PURE__ */ new WeakMap();

/**
 * @internal A provider with an eye on its answers: one that is a promise would be taken for a valid signature, bytes of
 * another length would make keys that only one side has. Its AEADs are tested before anything is made with them, which
 * throws TypeError for those that do not work, and then again each time. For the same provider always the same.
 */
export function checkedProvider(crypto: CryptoProvider): CryptoProvider {
  if (crypto instanceof CheckedProvider) return crypto;
  const known = checkedProviders.get(crypto);
  if (known !== undefined) return known;
  const checked = new CheckedProvider(crypto);
  checkedProviders.set(crypto, checked);
  return checked;
}

/**
 * Bytes that it gives are copied: the provider may go on to use the memory, as bindings to WebAssembly and to hardware
 * do that have one buffer for all answers, which may be of just that length. Secrets are wiped where they lay then, as
 * nobody would do later. None of this is asked for each datagram.
 */
class CheckedProvider implements CryptoProvider {
  readonly #inner: CryptoProvider;

  constructor(inner: CryptoProvider) {
    this.#inner = inner;
    this.#test(inner.suitePreference);
  }

  get name(): string {
    return this.#inner.name;
  }

  get suitePreference(): readonly CipherSuite[] {
    return this.#inner.suitePreference;
  }

  randomBytes(length: number): Uint8Array {
    return ownBytes("randomBytes", this.#inner.randomBytes(length), length);
  }

  sha256(...parts: Uint8Array[]): Uint8Array {
    return ownBytes("sha256", this.#inner.sha256(...parts), OUTPUT_BYTES);
  }

  hmacSha256(key: Uint8Array, ...parts: Uint8Array[]): Uint8Array {
    return ownSecret("hmacSha256", this.#inner.hmacSha256(key, ...parts), OUTPUT_BYTES);
  }

  hkdfSha256(inputKey: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array {
    return ownSecret("hkdfSha256", this.#inner.hkdfSha256(inputKey, salt, info, length), length);
  }

  generateKeyPair(): KeyPair {
    return ownKeyPair("generateKeyPair", this.#inner.generateKeyPair());
  }

  importPrivateKey(scalar: Uint8Array): KeyPair {
    return ownKeyPair("importPrivateKey", this.#inner.importPrivateKey(scalar));
  }

  sharedSecret(privateKey: PrivateKey, peerPublicKey: Uint8Array): Uint8Array | undefined {
    const secret = this.#inner.sharedSecret(privateKey, peerPublicKey);
    return secret === undefined ? undefined : ownSecret("sharedSecret", secret, OUTPUT_BYTES);
  }

  sign(privateKey: PrivateKey, message: Uint8Array): Uint8Array {
    return ownBytes("sign", this.#inner.sign(privateKey, message), SIGNATURE_BYTES);
  }

  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    const answer: unknown = this.#inner.verify(publicKey, message, signature);
    // Never by its truth: a promise has that of a valid signature.
    return typeof answer === "boolean" ? answer : refuse("verify", "true or false", answer);
  }

  createAead(suite: CipherSuite, key: Uint8Array): Aead {
    // Of a suite that the provider does not prefer, or that joined later.
    this.#test([suite]);
    return expectAead(subjectOf(this.#inner), this.#inner.createAead(suite, key));
  }

  #test(suites: Iterable<CipherSuite>): void {
    const inner = this.#inner;
    testOnce(inner, subjectOf(inner), suites, (suite, key) => inner.createAead(suite, key));
  }
}

/** Memory that nobody else has. Not slice(): that of a Node Buffer shares its memory. */
function ownBytes(method: keyof CryptoProvider, bytes: unknown, length: number): Uint8Array {
  if (!isBytes(bytes) || bytes.length !== length) return refuse(method, `${length} bytes`, bytes);
  return new Uint8Array(bytes);
}

/**
 * The same, and zeros where the provider had it. One that keeps an answer to give it again would give zeros, which
 * everybody knows: an output of HMAC that has them is refused, a shared secret is by `exchangeKeys`.
 */
function ownSecret(method: "hmacSha256" | "hkdfSha256" | "sharedSecret", bytes: unknown, length: number): Uint8Array {
  const own = ownBytes(method, bytes, length);
  (bytes as Uint8Array).fill(0);
  if (method === "sharedSecret" || length < OUTPUT_BYTES || own.some((byte) => byte !== 0)) return own;
  throw new TypeError(`"crypto.${method}" expected to give new bytes each time, got zeros: what it gives is wiped`);
}

function ownKeyPair(method: keyof CryptoProvider, pair: unknown): KeyPair {
  const { publicKey, privateKey } = (pair ?? {}) as { readonly [Part in keyof KeyPair]?: unknown };
  const isKey = typeof privateKey === "object" && privateKey !== null;
  if (!isKey || !isBytes(publicKey) || publicKey.length !== KEY_SHARE_BYTES) {
    return refuse(method, `a private key and a public one of ${KEY_SHARE_BYTES} bytes`, pair);
  }
  return { publicKey: new Uint8Array(publicKey), privateKey: privateKey as PrivateKey };
}

function refuse(method: keyof CryptoProvider, expected: string, got: unknown): never {
  containRejection(got);
  throw new TypeError(`"crypto.${method}" expected to give ${expected}, got ${describeKind(got)}`);
}

function subjectOf({ name }: CryptoProvider): string {
  return `"crypto" (${String(name)})`;
}
