import { containRejection, type CryptoProvider, type Identity } from "@sortie/handshake";
import { CipherSuite, decodeCertificateChain, isBytes, KEY_SHARE_BYTES, MAX_IDENTITY_BYTES } from "@sortie/wire";
import { describeKind, describeValue } from "./describe-value.js";
import { checkMethods, withoutParts } from "./method-checks.js";

const CRYPTO_METHODS = [
  "randomBytes",
  "sha256",
  "hmacSha256",
  "hkdfSha256",
  "generateKeyPair",
  "importPrivateKey",
  "sharedSecret",
  "sign",
  "verify",
  "createAead",
] as const satisfies readonly (keyof CryptoProvider)[];

/** What to do about a key that has not been loaded, by what came. */
const HINTS: ReadonlyMap<string, string> = new Map([
  ["a string", "load the file with loadIdentity()"],
  ["bytes", "load the file with loadIdentity()"],
  ["a promise", "is there an await?"],
]);

/** "1 (Aes128Gcm), 2 (ChaCha20Poly1305)". */
const SUITES: string = Object.entries(CipherSuite)
  .map(([name, number]) => `${number} (${name})`)
  .join(", ");

/** Throws TypeError, which names the option, for what is no {@link CryptoProvider}. */
export function checkCrypto(crypto: unknown): void {
  checkMethods("crypto", crypto, "a crypto provider", CRYPTO_METHODS);
  const { suitePreference } = crypto as { readonly suitePreference?: unknown };
  if (!Array.isArray(suitePreference)) {
    throw new TypeError(`"crypto" expected a crypto provider, got ${withoutParts(crypto, ["suitePreference"])}`);
  }
  checkSuites(suitePreference);
}

/** Now: later it would show in the first handshake, and the peer would hear nothing. */
function checkSuites(suites: readonly unknown[]): void {
  const known: readonly unknown[] = Object.values(CipherSuite);
  const expected = `"crypto.suitePreference" expected one or more of CipherSuite, ${SUITES}`;
  if (suites.length === 0) throw new TypeError(`${expected}, got none`);
  suites.forEach((suite, index) => {
    if (!known.includes(suite)) throw new TypeError(`${expected}, got ${describeValue(suite)}`);
    if (suites.indexOf(suite) !== index) throw new TypeError(`${expected}, got ${describeValue(suite)} twice`);
  });
}

/** Throws TypeError, which names the option, for what is no {@link Identity}. Never shows it: it may be a key. */
export function checkIdentity(identity: unknown): void {
  const given = (identity ?? {}) as { readonly [Part in keyof Identity]?: unknown };
  const { publicKey, keyPair, certificateChain, certificateNotAfterMs } = given;
  const pair = (keyPair ?? {}) as { readonly [Part in keyof Identity["keyPair"]]?: unknown };
  const missing: string[] = [];
  if (!isBytes(publicKey)) missing.push("publicKey");
  if (!isBytes(pair.publicKey)) missing.push("keyPair.publicKey");
  if (typeof pair.privateKey !== "object" || pair.privateKey === null) missing.push("keyPair.privateKey");
  if (missing.length === 0) {
    checkKeys(publicKey as Uint8Array, pair.publicKey as Uint8Array);
    checkChain(certificateChain);
    return checkExpiry(certificateNotAfterMs);
  }
  containRejection(identity);
  const kind = isBytes(identity) ? "bytes" : describeKind(identity);
  const hint = HINTS.get(kind);
  const got = kind === "an object" ? withoutParts(identity, missing) : kind;
  throw new TypeError(`"identity" expected an identity, got ${got}${hint === undefined ? "" : `: ${hint}`}`);
}

/** Clients check the server's signature by the key that it shows: one of another pair would let nobody in. */
function checkKeys(shown: Uint8Array, signing: Uint8Array): void {
  if (shown.length !== KEY_SHARE_BYTES) {
    throw new TypeError(`"identity.publicKey" expected ${KEY_SHARE_BYTES} bytes, got ${shown.length} bytes`);
  }
  if (signing.length === shown.length && signing.every((byte, i) => byte === shown[i])) return;
  throw new TypeError('"identity.publicKey" expected the key of "identity.keyPair", got another');
}

/** One that is none would go out all the same, and no client that trusts an authority could read it. */
function checkChain(chain: unknown): void {
  if (chain === undefined) return;
  const expected = `"identity.certificateChain" expected 1..${MAX_IDENTITY_BYTES} bytes as withCertificates() makes them`;
  if (!isBytes(chain) || chain.length < 1 || chain.length > MAX_IDENTITY_BYTES) {
    throw new TypeError(`${expected}, got ${describeKind(chain)}`);
  }
  if (typeof decodeCertificateChain(chain) === "string") throw new TypeError(`${expected}, got other bytes`);
}

function checkExpiry(notAfterMs: unknown): void {
  if (notAfterMs === undefined || Number.isFinite(notAfterMs)) return;
  const got = describeValue(notAfterMs);
  throw new TypeError(`"identity.certificateNotAfterMs" expected a finite number or undefined, got ${got}`);
}
