import { createHash } from "node:crypto";
import { compactVerify, type CryptoKey, decodeProtectedHeader, errors, type ProtectedHeaderParameters } from "jose";
import { ConsumedTokens } from "./consumed-tokens.js";
import { KeyRing } from "./key-ring.js";
import {
  claimsFromJson,
  MAX_LIFETIME_SECONDS,
  MAX_TOKEN_PAYLOAD_BYTES,
  TOKEN_TYPE,
  type TokenClaims,
} from "./token-claims.js";
import { checkName, checkSeconds } from "./token-issuer.js";
import type { TokenKeySet } from "./token-keys.js";
import { refused, type TokenRefusalCode, type TokenVerdict } from "./token-refusal.js";

const DEFAULT_MAX_CONSUMED = 65_536;
/** s. Clocks of backend and server differ by less, where both are kept. */
const DEFAULT_TOLERANCE_SECONDS = 2;
const DEFAULT_MAX_LIFETIME_SECONDS = 300;
const DEFAULT_RELOAD_SECONDS = 30;

export interface TokenVerifierOptions {
  /**
   * The backend's public keys, or a function that gets them (from a file, or by HTTPS from the backend). It is called
   * at the first token, and again when a token names a key that is not there. Tokens wait for it for 5 s at the most;
   * keys that come later are good for those after them.
   */
  readonly keys: TokenKeySet | (() => Promise<TokenKeySet>);
  /** Of the server, as given to createServer. */
  readonly protocol: string;
  /** Name of this server, as the backend has it. */
  readonly audience: string;
  /** Refuses tokens of others. Default: whoever has a known key. */
  readonly issuer?: string;
  /** Only tokens that are bound to a client's secret. Default false. */
  readonly requireChallenge?: boolean;
  /** s, 0..60. How much the backend's clock may be off. Default 2. */
  readonly toleranceSeconds?: number;
  /** s, 1..86400. Longest life of a token, from issue to expiry. Default 300. */
  readonly maxLifetimeSeconds?: number;
  /**
   * s of Unix time. Refuses tokens that were issued before. A server that restarts has forgotten which tokens were
   * used: with the time of its start here, none of them is accepted again.
   */
  readonly notIssuedBefore?: number;
  /** Used tokens that are remembered until they expire, 1..1000000. When full, tokens are refused. Default 65536. */
  readonly maxConsumed?: number;
  /** s, 1..3600. Shortest time between two calls of `keys`. Default 30. */
  readonly reloadSeconds?: number;
  /** Hears what `keys` threw, and that it took too long. Default: a process warning. */
  readonly onError?: (error: unknown) => void;
  /** ms of Unix time. Default Date.now. */
  readonly now?: () => number;
  /**
   * ms of a clock that is never set: for how long used tokens are remembered, and how often `keys` is called. Default
   * performance.now.
   */
  readonly monotonicNow?: () => number;
}

/** Verifies connect tokens, each once: the game server's side. */
export class TokenVerifier {
  readonly #options: TokenVerifierOptions;
  readonly #ring: KeyRing;
  readonly #consumed: ConsumedTokens;
  readonly #ready: Promise<void>;
  readonly #tolerance: number;
  readonly #maxLifetime: number;
  readonly #now: () => number;
  readonly #monotonicNow: () => number;

  /** Throws TypeError or RangeError that names the option. */
  constructor(options: TokenVerifierOptions) {
    checkOptions(options);
    const { keys, onError = warn, reloadSeconds = DEFAULT_RELOAD_SECONDS } = options;
    const { now = Date.now, monotonicNow = () => performance.now() } = options;
    this.#options = options;
    this.#tolerance = options.toleranceSeconds ?? DEFAULT_TOLERANCE_SECONDS;
    this.#maxLifetime = options.maxLifetimeSeconds ?? DEFAULT_MAX_LIFETIME_SECONDS;
    this.#now = now;
    this.#monotonicNow = monotonicNow;
    this.#consumed = new ConsumedTokens(options.maxConsumed ?? DEFAULT_MAX_CONSUMED);
    const load = typeof keys === "function" ? keys : undefined;
    this.#ring = new KeyRing({ load, reloadMs: reloadSeconds * 1000, nowMs: monotonicNow, onError });
    this.#ready = typeof keys === "function" ? Promise.resolve() : this.#ring.set(keys);
    // Told to whoever verifies; without a listener of its own it would end the process before.
    this.#ready.catch(() => {});
  }

  /** Used tokens that are remembered: those that may not have expired. */
  get consumed(): number {
    return this.#consumed.size;
  }

  /** Resolves when the given keys are in place. Rejects with TypeError that says which of them is wrong. */
  ready(): Promise<void> {
    return this.#ready;
  }

  /** Replaces the keys, as after a rotation. Rejects with TypeError for others, and keeps those that were there. */
  setKeys(keys: TokenKeySet): Promise<void> {
    return this.#ring.set(keys);
  }

  /**
   * Whether this payload of a CONNECT is a good token; if so, it is used up. Rejects only when the verifier's own keys
   * are wrong; whatever the payload is, there is a verdict.
   */
  async verify(payload: Uint8Array): Promise<TokenVerdict<TokenClaims>> {
    await this.#ready;
    if (payload.length > MAX_TOKEN_PAYLOAD_BYTES) return refused("too-large");
    const [token = "", secret, ...more] = new TextDecoder().decode(payload).split("~");
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

  #refusalOf(claims: TokenClaims, secret: string | undefined, nowSeconds: number): TokenRefusalCode | undefined {
    const { issuer, audience, protocol, requireChallenge = false, notIssuedBefore = 0 } = this.#options;
    if (issuer !== undefined && claims.issuer !== issuer) return "wrong-issuer";
    if (claims.audience !== audience) return "wrong-audience";
    if (claims.protocol !== protocol) return "wrong-protocol";
    if (claims.expiresAt + this.#tolerance <= nowSeconds) return "expired";
    if (Math.max(claims.notBefore, claims.issuedAt) - this.#tolerance > nowSeconds) return "not-yet-valid";
    if (claims.expiresAt - claims.issuedAt > this.#maxLifetime) return "wrong-lifetime";
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

/** Throws TypeError or RangeError that names the option; bad keys are told by `ready()`. */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  return new TokenVerifier(options);
}

/** Of the client's secret, as `createClientSecret` makes it. */
function challengeOf(secret: string): string {
  return createHash("sha256").update(secret, "utf8").digest("base64url");
}

/** undefined for what is no connect token at all. */
function headerOf(token: string): ProtectedHeaderParameters | undefined {
  try {
    const header = decodeProtectedHeader(token);
    return header.typ === TOKEN_TYPE && token.split(".").length === 3 ? header : undefined;
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

function warn(error: unknown): void {
  const text = error instanceof Error ? error.message : String(error);
  process.emitWarning(`token keys could not be loaded: ${text}`, { code: "SORTIE_TOKEN_KEYS" });
}

function checkOptions(options: TokenVerifierOptions): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`"options" expected an object, got ${options === null ? "null" : typeof options}`);
  }
  const { keys, issuer, toleranceSeconds, maxLifetimeSeconds, notIssuedBefore, maxConsumed, reloadSeconds } = options;
  if (typeof keys !== "function" && (typeof keys !== "object" || keys === null)) {
    throw new TypeError(`"keys" expected a key set or a function that gets one, got ${typeof keys}`);
  }
  checkName("protocol", options.protocol);
  checkName("audience", options.audience);
  if (issuer !== undefined) checkName("issuer", issuer);
  if (toleranceSeconds !== undefined) checkSeconds("toleranceSeconds", toleranceSeconds, 0, 60);
  if (maxLifetimeSeconds !== undefined) checkSeconds("maxLifetimeSeconds", maxLifetimeSeconds, 1, MAX_LIFETIME_SECONDS);
  if (reloadSeconds !== undefined) checkSeconds("reloadSeconds", reloadSeconds, 1, 3600);
  if (notIssuedBefore !== undefined && !(Number.isFinite(notIssuedBefore) && notIssuedBefore >= 0)) {
    throw new RangeError(`"notIssuedBefore" expected seconds of Unix time, got ${String(notIssuedBefore)}`);
  }
  if (maxConsumed !== undefined && !(Number.isInteger(maxConsumed) && maxConsumed >= 1 && maxConsumed <= 1_000_000)) {
    throw new RangeError(`"maxConsumed" expected an integer in 1..1000000, got ${String(maxConsumed)}`);
  }
}
