import { checkOptionNames, describeKind, describeValue, type OptionNames } from "@sortie/connection";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import { checkNoPromise, kindOf } from "./option-checks.js";
import { TOKEN_ALGORITHMS, type TokenAlgorithm } from "./token-claims.js";

/** Keys of an issuer, or of a verifier; more are a mistake. */
export const MAX_KEYS = 16;
/** Characters of a key's name. */
export const MAX_KEY_ID_CHARACTERS = 64;

/**
 * A key as JSON (RFC 7517; members of RFC 7518 section 6.2 and RFC 8037). Not jose's own type, whose declarations need
 * those of a browser.
 */
export interface TokenJwk {
  readonly kty?: string;
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  /** Private keys only. */
  readonly d?: string;
  readonly kid?: string;
  readonly alg?: string;
  readonly use?: string;
  readonly key_ops?: readonly string[];
  readonly [member: string]: unknown;
}

/** A private key of an issuer: keep it as you keep a password. */
export type TokenPrivateKey = TokenJwk;

/** Public keys, as a backend publishes them (RFC 7517 section 5). */
export interface TokenKeySet {
  readonly keys: readonly TokenJwk[];
}

/** A key that is ready for use. */
export interface ImportedKey {
  readonly id: string;
  readonly algorithm: TokenAlgorithm;
  /** A CryptoKey. */
  readonly key: object;
  readonly publicJwk: TokenJwk;
}

const GENERATE_NAMES: OptionNames<NonNullable<Parameters<typeof generateTokenKey>[0]>> = {
  algorithm: true,
  keyId: true,
};

/**
 * A new key for an issuer: Ed25519 for "EdDSA" (the default: short and quick), P-256 for "ES256". Its ID is its
 * thumbprint (RFC 7638) unless one of 1..64 characters is given. Rejects with RangeError for another algorithm or
 * length, with TypeError for an ID that is no text and for an option that there is not.
 */
export async function generateTokenKey(
  options: { readonly algorithm?: TokenAlgorithm | undefined; readonly keyId?: string | undefined } = {},
): Promise<TokenPrivateKey> {
  checkOptionNames(options, GENERATE_NAMES);
  const { algorithm = "EdDSA", keyId } = options;
  if (!TOKEN_ALGORITHMS.includes(algorithm)) {
    throw new RangeError(`"algorithm" expected one of ${TOKEN_ALGORITHMS.join(", ")}, got ${describeValue(algorithm)}`);
  }
  // Before there is a key that no issuer takes.
  if (keyId !== undefined) checkKeyId(keyId);
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const jwk = await exportJWK(privateKey);
  return {
    ...(jwk as TokenJwk),
    alg: algorithm,
    use: "sig",
    kid: keyId ?? (await calculateJwkThumbprint(jwk)).slice(0, 16),
  };
}

function checkKeyId(keyId: unknown): void {
  if (typeof keyId !== "string") throw new TypeError(`"keyId" expected a string, got ${describeKind(keyId)}`);
  if (!isKeyId(keyId)) {
    throw new RangeError(`"keyId" expected 1..${MAX_KEY_ID_CHARACTERS} characters, got ${keyId.length}`);
  }
}

export function isKeyId(text: string): boolean {
  return text !== "" && text.length <= MAX_KEY_ID_CHARACTERS;
}

/** How many keys, for messages; of what is no list of them what it is. */
export function describeCount(keys: unknown): string {
  return Array.isArray(keys) ? `${keys.length} keys` : describeKind(keys);
}

/** The algorithm that a key is for, by its curve; undefined for keys that sign no tokens. */
export function algorithmOf({ kty, crv }: TokenJwk): TokenAlgorithm | undefined {
  if (kty === "OKP" && crv === "Ed25519") return "EdDSA";
  return kty === "EC" && crv === "P-256" ? "ES256" : undefined;
}

/** Rejects with TypeError that says which key is wrong and how; never with the key itself. */
export async function importTokenKey(label: string, jwk: TokenJwk, kind: "private" | "public"): Promise<ImportedKey> {
  checkNoPromise(label, jwk, "a JWK");
  if (typeof jwk !== "object" || jwk === null) throw new TypeError(`"${label}" expected a JWK, got ${kindOf(jwk)}`);
  const { kid: id, alg, d } = jwk;
  if (typeof id !== "string" || !isKeyId(id)) {
    const got = typeof id === "string" ? id.length : describeKind(id);
    throw new TypeError(`"${label}.kid" expected 1..${MAX_KEY_ID_CHARACTERS} characters, got ${got}`);
  }
  const algorithm = algorithmOf(jwk);
  if (algorithm === undefined || (alg !== undefined && alg !== algorithm)) {
    throw new TypeError(`"${label}" expected an Ed25519 or P-256 key, got ${jwk.kty} ${jwk.crv ?? ""} for ${alg}`);
  }
  if (kind === "private" && typeof d !== "string")
    throw new TypeError(`"${label}" expected a private key, got a public`);
  if (kind === "public" && d !== undefined) {
    throw new TypeError(`"${label}" expected a public key, got a private one: it has no business on a game server`);
  }
  const { kty, crv, x, y } = jwk;
  const coordinates = y === undefined ? { x } : { x, y };
  const publicJwk = { kty, crv, ...coordinates, kid: id, alg: algorithm, use: "sig" } as TokenJwk;
  try {
    const key = (await importJWK((kind === "public" ? publicJwk : jwk) as JWK, algorithm)) as object;
    return { id, algorithm, key, publicJwk };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TypeError(`"${label}" expected a key, got one that cannot be read: ${why}`);
  }
}
