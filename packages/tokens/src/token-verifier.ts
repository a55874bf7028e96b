import { createHash } from "node:crypto";
import { containRejection, describeKind, isBytes } from "@sortie/connection";
import { compactVerify, type CryptoKey, decodeProtectedHeader, errors, type ProtectedHeaderParameters } from "jose";
import { ConsumedTokens } from "./consumed-tokens.js";
import { type FaultReport, faultReport } from "./fault-report.js";
import { KeyRing } from "./key-ring.js";
import { timeOf } from "./option-checks.js";
import { claimsFromJson, MAX_TOKEN_PAYLOAD_BYTES, TOKEN_TYPE, type TokenClaims } from "./token-claims.js";
import type { TokenKeySet } from "./token-keys.js";
import { refused, type TokenRefusalCode, type TokenVerdict } from "./token-refusal.js";
import { checkVerifierOptions, DEFAULT_RELOAD_SECONDS, type TokenVerifierOptions } from "./verifier-options.js";

/**
 * What a token consists of; of the signature's 64 bytes the last character has 4 bits that mean nothing, and are 0. Its
 * library passes over such bits and white space: another text would be the same token.
 */
const TOKEN_TEXT = /^[\w-]+\.[\w-]+\.[\w-]{85}[AQgw]$/;
const DEFAULT_MAX_CONSUMED = 65_536;
/** s. Clocks of backend and server differ by less, where both are kept. */
const DEFAULT_TOLERANCE_SECONDS = 2;
const DEFAULT_MAX_LIFETIME_SECONDS = 300;
/** s. So long a key that was withdrawn is trusted at the most, while players come: as long as the tokens themselves. */
const DEFAULT_MAX_KEY_AGE_SECONDS = 300;

/** Verifies connect tokens, each once: the game server's side. */
export class TokenVerifier {
  readonly #options: TokenVerifierOptions;
  readonly #ring: KeyRing;
  readonly #consumed: ConsumedTokens;
  /** The keys that were given first are in place; of those that are none, the first set after them. */
  #ready: Promise<void>;
  /** The keys that were given first are in place, or are none. */
  readonly #settled: Promise<void>;
  readonly #report: FaultReport;
  readonly #tolerance: number;
  readonly #maxLifetime: number;
  readonly #now: () => number;
  readonly #monotonicNow: () => number;

  /** Throws TypeError or RangeError that names the option. */
  constructor(options: TokenVerifierOptions) {
    checkVerifierOptions(options);
    const { keys, onError, reloadSeconds = DEFAULT_RELOAD_SECONDS } = options;
    const maxKeyAgeSeconds = options.maxKeyAgeSeconds ?? Math.max(DEFAULT_MAX_KEY_AGE_SECONDS, reloadSeconds);
    const { now = () => Date.now(), monotonicNow = () => performance.now() } = options;
    const monotonicMs = (): number => timeOf("monotonicNow", monotonicNow);
    this.#options = options;
    this.#tolerance = options.toleranceSeconds ?? DEFAULT_TOLERANCE_SECONDS;
    this.#maxLifetime = options.maxLifetimeSeconds ?? DEFAULT_MAX_LIFETIME_SECONDS;
    this.#now = () => timeOf("now", now);
    this.#monotonicNow = monotonicMs;
    this.#consumed = new ConsumedTokens(options.maxConsumed ?? DEFAULT_MAX_CONSUMED);
    const load = typeof keys === "function" ? keys : undefined;
    const reportKeys = faultReport(onError, "token keys could not be loaded", "SORTIE_TOKEN_KEYS");
    this.#report = faultReport(onError, "connect tokens", "SORTIE_TOKENS");
    this.#ring = new KeyRing({
      load,
      reloadMs: reloadSeconds * 1000,
      maxAgeMs: maxKeyAgeSeconds * 1000,
      nowMs: monotonicMs,
      onError: reportKeys,
      onSkipped: faultReport(onError, "token keys", "SORTIE_TOKEN_KEYS"),
    });
    this.#ready = typeof keys === "function" ? Promise.resolve() : this.#ring.set(keys);
    // Clients are told no more than that their key is unknown: why, `onError` hears, should nobody ask `ready`.
    this.#settled = this.#ready.catch(reportKeys);
  }

  /** Used tokens that are remembered: those that may not have expired. */
  get consumed(): number {
    return this.#consumed.size;
  }

  /**
   * Resolves when the given keys are in place. Rejects with TypeError that says which of them is wrong, until `setKeys`
   * was given others. Keys that are none for tokens are passed over, which `onError` is told.
   */
  ready(): Promise<void> {
    return this.#ready;
  }

  /**
   * Calls the function `keys` now, as after a key has leaked: without this, one that was withdrawn is trusted until the
   * set is renewed for its age. Resolves when the new keys, or newer ones by `setKeys`, are in place; rejects with what
   * the function threw, that it took longer than 5 s, or TypeError for keys that are none, and keeps those that were
   * there. `onError` hears nothing of that. Rejects with TypeError where `keys` is no function: give the new ones to
   * `setKeys`.
   */
  reload(): Promise<void> {
    return this.#ring.reload();
  }

  /**
   * Replaces the keys, as after a rotation; where `keys` is a function, until that is called next. Rejects with
   * TypeError for others, and keeps those that were there.
   */
  setKeys(keys: TokenKeySet): Promise<void> {
    const set = this.#ring.set(keys);
    return set.then(() => {
      this.#ready = set;
    });
  }

  /**
   * Whether this payload of a CONNECT is a good token; if so, it is used up. Whatever its bytes are, and the keys are,
   * there is a verdict: "unknown-key" while there are none. Rejects only with what a clock of the options throws, and
   * with TypeError for one that tells no time, or a payload that is no bytes.
   */
  async verify(payload: Uint8Array): Promise<TokenVerdict<TokenClaims>> {
    if (!isBytes(payload)) {
      containRejection(payload);
      // Never the payload itself: it is a token.
      throw new TypeError(`"payload" expected a Uint8Array, got ${describeKind(payload)}`);
    }
    // Before anything is awaited: the caller may wipe or use these bytes again.
    const text = payload.length > MAX_TOKEN_PAYLOAD_BYTES ? undefined : textOf(payload);
    await this.#settled;
    if (text === undefined) return refused("too-large");
    const [token = "", secret, ...more] = text.split("~");
    const header = more.length > 0 ? undefined : headerOf(token);
    if (header === undefined || typeof header.kid !== "string") return refused("malformed");
    const key = await this.#ring.find(header.kid);
    if (key === undefined) return refused("unknown-key");
    let content: Uint8Array;
    try {
      // The algorithm is the key's, whatever the header says (RFC 8725 section 3.1).
      ({ payload: content } = await compactVerify(token, key.key as CryptoKey, { algorithms: [key.algorithm] }));
    } catch (error) {
      return refused(error instanceof errors.JWSInvalid ? "malformed" : "bad-signature");
    }
    const claims = claimsFromJson(parse(content));
    if (claims === undefined) return refused("malformed");
    // From here to the table nothing waits: of two connections with one token, one is first.
    const nowSeconds = this.#now() / 1000;
    const code = this.#refusalOf(claims, secret, nowSeconds) ?? this.#consume(claims, nowSeconds);
    return code === undefined ? { ok: true, claims } : refused(code);
  }

  /** Tells `onError` of a fault in what uses the verifier, such as `onRefused` of an authenticator. Never throws. */
  reportError(error: unknown): void {
    this.#report(error);
  }

  #refusalOf(claims: TokenClaims, secret: string | undefined, nowSeconds: number): TokenRefusalCode | undefined {
    const { issuer, audience, protocol, requireChallenge = false, notIssuedBefore = 0 } = this.#options;
    if (issuer !== undefined && claims.issuer !== issuer) return "wrong-issuer";
    if (claims.audience !== audience) return "wrong-audience";
    if (claims.protocol !== protocol) return "wrong-protocol";
    if (claims.expiresAt + this.#tolerance <= nowSeconds) return "expired";
    if (Math.max(claims.notBefore, claims.issuedAt) - this.#tolerance > nowSeconds) return "not-yet-valid";
    if (claims.expiresAt - claims.issuedAt > this.#maxLifetime) return "wrong-lifetime";
    // Without the tolerance: who was let in so shortly before a restart would be let in by the same token again.
    if (claims.issuedAt < notIssuedBefore) return "wrong-lifetime";
    if (claims.challenge === undefined) return requireChallenge || secret !== undefined ? "wrong-client" : undefined;
    return secret !== undefined && challengeOf(secret) === claims.challenge ? undefined : "wrong-client";
  }

  #consume({ id, expiresAt }: TokenClaims, nowSeconds: number): TokenRefusalCode | undefined {
    const remainingMs = (expiresAt + this.#tolerance - nowSeconds) * 1000;
    const verdict = this.#consumed.consume(id, expiresAt, remainingMs, this.#monotonicNow());
    return verdict === "ok" ? undefined : verdict;
  }
}

/** Throws TypeError or RangeError that names the option, `keys` too where these are a promise; else `ready()` tells. */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  return new TokenVerifier(options);
}

/** Of the client's secret, as `createClientSecret` makes it. */
function challengeOf(secret: string): string {
  return createHash("sha256").update(secret, "utf8").digest("base64url");
}

/** With a byte order mark, where there is one: it is no part of a token. */
function textOf(payload: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(payload);
}

/** undefined for what is no connect token at all. */
function headerOf(token: string): ProtectedHeaderParameters | undefined {
  if (!TOKEN_TEXT.test(token)) return undefined;
  try {
    const header = decodeProtectedHeader(token);
    return header.typ === TOKEN_TYPE ? header : undefined;
  } catch {
    return undefined;
  }
}

function parse(content: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(content));
  } catch {
    return undefined;
  }
}
