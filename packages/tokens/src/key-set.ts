import { createHash } from "node:crypto";
import { describeKind, describeValue } from "@sortie/connection";
import { checkNoPromise, kindOf } from "./option-checks.js";
import {
  algorithmOf,
  describeCount,
  importTokenKey,
  type ImportedKey,
  isKeyId,
  MAX_KEY_ID_CHARACTERS,
  MAX_KEYS,
  type TokenJwk,
  type TokenKeySet,
} from "./token-keys.js";

/** Keys that a set may list, foreign ones among them: each is looked at, and none but those of tokens is imported. */
const MAX_LISTED_KEYS = 1024;
/** Skipped keys that a message names: it goes into a log. */
const MAX_NAMED_KEYS = 4;
const KEY_SET: string = `{ keys: [...] } with 1..${MAX_KEYS} public keys`;

/** What a key set has for tokens. */
export interface ImportedKeySet {
  readonly keys: ReadonlyMap<string, ImportedKey>;
  /** Of each key that was passed over why; the first few, then how many more. */
  readonly skipped: readonly string[];
  /** Tells all keys that were passed over from others, in whatever order they are listed; "" where there are none. */
  readonly skippedDigest: string;
}

/**
 * Takes from a key set what verifies tokens, and passes over the rest (RFC 7517 section 5): a backend may publish the
 * keys of its web login in the same document, and one of these must neither keep all players out nor hold up that a key
 * is withdrawn. Rejects with TypeError where nothing usable is left, for a key that is private or damaged, and for two
 * keys with one ID.
 */
export async function importKeySet(keySet: TokenKeySet): Promise<ImportedKeySet> {
  const jwks = listOf(keySet);
  const reasons: string[] = [];
  const marks: string[] = [];
  const usable = [...jwks.entries()].filter(([i, jwk]) => {
    const why = whyUnusable(`keys[${i}]`, jwk);
    if (why === undefined) return true;
    reasons.push(`"keys[${i}]${why}`);
    marks.push(markOf(jwk, why));
    return false;
  });
  const skipped = shortened(reasons);
  if (usable.length === 0) {
    throw new TypeError(`"keys" expected a public key for tokens, got none: ${skipped.join("; ")}`);
  }
  if (usable.length > MAX_KEYS) {
    throw new TypeError(`"keys" expected ${KEY_SET}, got { keys: ${usable.length} keys } for tokens`);
  }
  const imported = await Promise.all(usable.map(([i, jwk]) => importTokenKey(`keys[${i}]`, jwk, "public")));
  const keys = new Map<string, ImportedKey>();
  for (const key of imported) {
    const other = keys.get(key.id);
    // One that is listed twice is no other.
    if (other !== undefined && JSON.stringify(other.publicJwk) !== JSON.stringify(key.publicJwk)) {
      throw new TypeError(`"keys" expected different IDs ("kid"), got two keys with ${describeValue(key.id)}`);
    }
    keys.set(key.id, key);
  }
  return { keys, skipped, skippedDigest: digestOf(marks) };
}

function listOf(keySet: TokenKeySet): readonly TokenJwk[] {
  checkNoPromise("keys", keySet, KEY_SET);
  const jwks = (keySet as { keys?: unknown } | null)?.keys;
  if (Array.isArray(jwks) && jwks.length > MAX_LISTED_KEYS) {
    throw new TypeError(`"keys" expected at most ${MAX_LISTED_KEYS} keys, foreign ones included, got ${jwks.length}`);
  }
  if (Array.isArray(jwks) && jwks.length > 0) return jwks as TokenJwk[];
  const kind = describeKind(keySet);
  const got = kind === "an object" ? `{ keys: ${describeCount(jwks)} }` : kind;
  throw new TypeError(`"keys" expected ${KEY_SET}, got ${got}`);
}

/**
 * What follows the key's label in a message, from a member's name on, so that it is the same wherever the key stands;
 * undefined for a key that is to verify tokens. Throws TypeError for what is no key, or shows a secret.
 */
function whyUnusable(label: string, jwk: TokenJwk): string | undefined {
  checkNoPromise(label, jwk, "a JWK");
  if (typeof jwk !== "object" || jwk === null) throw new TypeError(`"${label}" expected a JWK, got ${kindOf(jwk)}`);
  const { kid, alg, use, d, k, priv, key_ops: operations } = jwk;
  // Of whatever kind: who publishes one has to hear of it. RSA, EC and OKP have it in `d`, "oct" in `k`, AKP in `priv`.
  if (d !== undefined || k !== undefined || priv !== undefined) {
    throw new TypeError(`"${label}" expected a public key, got a private one: it has no business on a game server`);
  }
  const algorithm = algorithmOf(jwk);
  if (algorithm === undefined || (alg !== undefined && alg !== algorithm)) {
    const got = [jwk.kty, jwk.crv].filter((part) => part !== undefined).map(describeValue);
    const purpose = alg === undefined ? "" : ` for ${describeValue(alg)}`;
    return `" expected an Ed25519 or P-256 key, got ${got.join(" ") || "one without kty"}${purpose}`;
  }
  if (typeof kid !== "string" || !isKeyId(kid)) {
    const got = typeof kid === "string" ? kid.length : describeKind(kid);
    return `.kid" expected 1..${MAX_KEY_ID_CHARACTERS} characters, got ${got}`;
  }
  if (use !== undefined && use !== "sig") return `.use" expected "sig", got ${describeValue(use)}`;
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes("verify"))) {
    const got = Array.isArray(operations) ? "a list without it" : describeKind(operations);
    return `.key_ops" expected a list with "verify", got ${got}`;
  }
  return undefined;
}

/** Of a key that was passed over: the ID in full, as those that differ at the end only are others. */
function markOf({ kid }: TokenJwk, why: string): string {
  return JSON.stringify([typeof kid === "string" ? kid : describeKind(kid), why]);
}

/** Not the marks themselves: it is kept, and IDs of foreign keys may have any length. */
function digestOf(marks: readonly string[]): string {
  if (marks.length === 0) return "";
  const sorted = [...marks].sort();
  return createHash("sha256").update(sorted.join()).digest("base64url");
}

function shortened(reasons: readonly string[]): string[] {
  const more = reasons.length - MAX_NAMED_KEYS;
  return more <= 0 ? [...reasons] : [...reasons.slice(0, MAX_NAMED_KEYS), `and ${more} more`];
}
