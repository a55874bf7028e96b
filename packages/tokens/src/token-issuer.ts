import { randomBytes } from "node:crypto";
import { checkOptionNames, describeValue, type OptionNames } from "@sortie/connection";
import { type CryptoKey, SignJWT } from "jose";
import { asJson } from "./as-json.js";
import { checkFunctions, checkNoPromise, checkObject, timeOf } from "./option-checks.js";
import {
  claimsToJson,
  DEFAULT_LIFETIME_SECONDS,
  isChallenge,
  isUnixSeconds,
  MAX_LIFETIME_SECONDS,
  MAX_NAME_CHARACTERS,
  MAX_PROTOCOL_BYTES,
  MAX_TOKEN_PAYLOAD_BYTES,
  MAX_UNIX_SECONDS,
  TOKEN_TYPE,
  type TokenClaims,
} from "./token-claims.js";
import {
  describeCount,
  importTokenKey,
  type ImportedKey,
  MAX_KEYS,
  type TokenKeySet,
  type TokenPrivateKey,
} from "./token-keys.js";

/** bytes that a client adds to a bound token: a separator and its secret, see `client-secret.ts`. */
const SECRET_BYTES = 44;

export interface TokenIssuerOptions {
  /** 1..16 private keys; the first signs, all are published. */
  readonly keys: readonly TokenPrivateKey[];
  /** Who issues, for verifiers that ask for it: at most 256 characters. */
  readonly issuer?: string | undefined;
  /** ms of Unix time, 0..10^14. Default Date.now. */
  readonly now?: (() => number) | undefined;
}

/** What a token is to say. */
export interface TokenRequest {
  /** Who the player is: 1..256 characters. */
  readonly subject: string;
  /** The server that shall accept it, by the name that its verifier has: 1..256 characters. */
  readonly audience: string;
  /** The application protocol, as server and client have it: 1..255 bytes of UTF-8. */
  readonly protocol: string;
  /** Whole seconds, 1..86400. Default 30. */
  readonly lifetimeSeconds?: number | undefined;
  /** Whole seconds of Unix time from which it is good, 0..10^11: `Math.ceil(Date.now() / 1000)`. Default: now. */
  readonly notBefore?: number | undefined;
  /** The client's challenge (`createClientSecret` of `@sortie/tokens/client`): others cannot use the token then. */
  readonly challenge?: string | undefined;
  /**
   * JSON for the game server, a few hundred bytes at most. A promise, a Map, a Set, a function or a symbol is refused,
   * wherever it stands: JSON has none, and the game server would see less than was meant.
   */
  readonly data?: unknown;
}

const OPTION_NAMES: OptionNames<TokenIssuerOptions> = { keys: true, issuer: true, now: true };

const KEYS: string = `1..${MAX_KEYS} private keys`;

const REQUEST_NAMES: OptionNames<TokenRequest> = {
  subject: true,
  audience: true,
  protocol: true,
  lifetimeSeconds: true,
  notBefore: true,
  challenge: true,
  data: true,
};

/** Issues connect tokens: the backend's side. */
export class TokenIssuer {
  readonly #options: TokenIssuerOptions;
  readonly #keys: ImportedKey[];

  /** @internal use createTokenIssuer */
  constructor(options: TokenIssuerOptions, keys: ImportedKey[]) {
    this.#options = options;
    this.#keys = keys;
  }

  /** ID of the key that signs. */
  get signingKeyId(): string {
    return (this.#keys[0] as ImportedKey).id;
  }

  /** The public keys: for verifiers, as they are or as the answer of `/.well-known/jwks.json`. */
  keySet(): TokenKeySet {
    return { keys: this.#keys.map(({ publicJwk }) => publicJwk) };
  }

  /**
   * First step of a rotation: publishes another key, which does not sign yet. Let verifiers learn it, then `signWith`
   * it, and remove the old one when the last token under it has expired.
   */
  async addKey(jwk: TokenPrivateKey): Promise<void> {
    const key = await importTokenKey("jwk", jwk, "private");
    if (this.#keys.length >= MAX_KEYS) throw new RangeError(`expected at most ${MAX_KEYS} keys: remove old ones`);
    if (this.#keys.some(({ id }) => id === key.id)) throw new RangeError(`a key "${key.id}" is there already`);
    this.#keys.push(key);
  }

  /** Second step: signs with this key from now on. */
  signWith(keyId: string): void {
    const at = this.#keys.findIndex(({ id }) => id === keyId);
    if (at < 0) throw new RangeError(`"keyId" expected the ID of an added key, got ${describeValue(keyId)}`);
    this.#keys.unshift(...this.#keys.splice(at, 1));
  }

  /** Last step: the key is published no more. The one that signs cannot be removed. */
  removeKey(keyId: string): void {
    const at = this.#keys.findIndex(({ id }) => id === keyId);
    if (at <= 0) throw new RangeError(`"keyId" expected a key that does not sign, got ${describeValue(keyId)}`);
    this.#keys.splice(at, 1);
  }

  /**
   * A token for one connection. Rejects with TypeError or RangeError for what is out of range, no JSON or no part of a
   * request, and for a clock that tells no time in ms; with RangeError when token and client secret would have more
   * than 1024 bytes.
   */
  async issue(request: TokenRequest): Promise<string> {
    const claims = this.#claims(request);
    const { id, algorithm, key } = this.#keys[0] as ImportedKey;
    const token = await new SignJWT(claimsToJson(claims))
      .setProtectedHeader({ alg: algorithm, kid: id, typ: TOKEN_TYPE })
      .sign(key as CryptoKey);
    const room = MAX_TOKEN_PAYLOAD_BYTES - (claims.challenge === undefined ? 0 : SECRET_BYTES);
    if (token.length > room) {
      throw new RangeError(`the token expected at most ${room} bytes, got ${token.length}: make "data" smaller`);
    }
    return token;
  }

  #claims(request: TokenRequest): TokenClaims {
    checkObject("request", request);
    // A misspelt "challenge" would make a token that whoever finds it may use.
    checkOptionNames(request, REQUEST_NAMES);
    const { subject, audience, protocol, lifetimeSeconds = DEFAULT_LIFETIME_SECONDS, challenge, data } = request;
    checkName("subject", subject);
    checkName("audience", audience);
    checkName("protocol", protocol);
    const protocolBytes = new TextEncoder().encode(protocol).length;
    if (protocolBytes > MAX_PROTOCOL_BYTES) {
      throw new RangeError(`"protocol" expected 1..${MAX_PROTOCOL_BYTES} bytes of UTF-8, got ${protocolBytes}`);
    }
    checkSeconds("lifetimeSeconds", lifetimeSeconds, 1, MAX_LIFETIME_SECONDS);
    if (challenge !== undefined && !isChallenge(challenge)) {
      throw new RangeError(`"challenge" expected 43 characters of base64url, got ${describeValue(challenge)}`);
    }
    // Cut to seconds, a token issued just after a server's start could not be told from one of before.
    const nowMs = timeOf("now", this.#options.now ?? Date.now);
    const issuedAt = Math.floor(nowMs) / 1000;
    // In µs, or before 1970: no verifier would take the token.
    if (!isUnixSeconds(issuedAt)) {
      const expected = `to give ms of Unix time in 0..${MAX_UNIX_SECONDS * 1000}`;
      throw new RangeError(`"now" expected ${expected}, got ${describeValue(nowMs)}`);
    }
    const { notBefore = issuedAt } = request;
    if (request.notBefore !== undefined && !(Number.isSafeInteger(notBefore) && isUnixSeconds(notBefore))) {
      const expected = `whole seconds of Unix time in 0..${MAX_UNIX_SECONDS}`;
      throw new RangeError(`"notBefore" expected ${expected}, got ${describeValue(notBefore)}`);
    }
    const expiresAt = Math.floor(Math.max(issuedAt, notBefore)) + lifetimeSeconds;
    const { issuer } = this.#options;
    const id = randomBytes(16).toString("base64url");
    return { issuer, subject, audience, protocol, issuedAt, notBefore, expiresAt, id, challenge, data: asJson(data) };
  }
}

/** Rejects with TypeError or RangeError for keys that sign no tokens, and says which; and for other bad options. */
export async function createTokenIssuer(options: TokenIssuerOptions): Promise<TokenIssuer> {
  checkOptionNames(options, OPTION_NAMES);
  const { keys, issuer, now } = options;
  checkNoPromise("keys", keys, KEYS);
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > MAX_KEYS) {
    throw new TypeError(`"keys" expected ${KEYS}, got ${describeCount(keys)}: make one with generateTokenKey()`);
  }
  if (issuer !== undefined) checkName("issuer", issuer);
  checkFunctions({ now });
  const imported = await Promise.all(keys.map((jwk, i) => importTokenKey(`keys[${i}]`, jwk, "private")));
  const ids = new Set(imported.map(({ id }) => id));
  if (ids.size < imported.length) throw new RangeError(`"keys" expected different IDs ("kid")`);
  return new TokenIssuer(options, imported);
}

export function checkName(label: string, value: unknown): void {
  if (typeof value !== "string") throw new TypeError(`"${label}" expected a string, got ${typeof value}`);
  if (value === "" || value.length > MAX_NAME_CHARACTERS) {
    throw new RangeError(`"${label}" expected 1..${MAX_NAME_CHARACTERS} characters, got ${value.length}`);
  }
}

export function checkSeconds(label: string, value: number, min: number, max: number): void {
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw new RangeError(`"${label}" expected whole seconds in ${min}..${max}, got ${describeValue(value)}`);
  }
}
