import { checkBoolean, checkOptionNames, describeValue, type OptionNames } from "@sortie/connection";
import { checkFunctions, checkNoPromise, kindOf } from "./option-checks.js";
import { isUnixSeconds, MAX_LIFETIME_SECONDS, MAX_UNIX_SECONDS } from "./token-claims.js";
import { checkName, checkSeconds } from "./token-issuer.js";
import type { TokenKeySet } from "./token-keys.js";

export interface TokenVerifierOptions {
  /**
   * The backend's public keys, or a function that gets them (from a file, or by HTTPS from the backend). It is called
   * at the first token, again when a token names a key that is not there, and when one comes and the keys are older
   * than `maxKeyAgeSeconds`. Tokens without a known key wait for it for 5 s at the most, others where it was not called
   * for twice that age; keys that come later are good for those after them. Of a set, 1..16 keys are used: Ed25519 and
   * P-256, with an ID of 1..64 characters, for signatures ("use", "key_ops"). Others, up to 1024 in all, are passed
   * over; a set is none with a key that is private or damaged, and with two that have one ID.
   */
  readonly keys: TokenKeySet | (() => Promise<TokenKeySet>);
  /** Of the server, as given to createServer. */
  readonly protocol: string;
  /** Name of this server, as the backend has it. */
  readonly audience: string;
  /** Refuses tokens of others. Default: whoever has a known key. */
  readonly issuer?: string | undefined;
  /** Only tokens that are bound to a client's secret. Default false. */
  readonly requireChallenge?: boolean | undefined;
  /** s, 0..60. How much the backend's clock may be off. Default 2. */
  readonly toleranceSeconds?: number | undefined;
  /** s, 1..86400. Longest life of a token, from issue to expiry. Default 300. */
  readonly maxLifetimeSeconds?: number | undefined;
  /**
   * s of Unix time, 0..10^11, also with a fraction. Refuses tokens that were issued before. A server that restarts has
   * forgotten which tokens were used: with the time of its start here, none of them is accepted again. By the backend's
   * clock, without `toleranceSeconds`: where that clock is n s behind, tokens are refused for n s after the start, and
   * with n s subtracted here those of the last n s before it may be used again.
   */
  readonly notIssuedBefore?: number | undefined;
  /** Used tokens that are remembered until they expire, 1..1000000. When full, tokens are refused. Default 65536. */
  readonly maxConsumed?: number | undefined;
  /** s, 1..3600. Shortest time between two calls of `keys` that tokens cause. Default 30. */
  readonly reloadSeconds?: number | undefined;
  /**
   * s, `reloadSeconds`..86400. Keys that are older are loaded again, beside the admissions, when a token comes: so long
   * is a key trusted that the backend has withdrawn. Where they cannot be loaded, the old ones stay, and `onError` is
   * told each time. Default 300, or `reloadSeconds` where that is more.
   */
  readonly maxKeyAgeSeconds?: number | undefined;
  /**
   * Hears what `keys` threw, that it took too long, that the keys given first are none, and what `onRefused` of an
   * authenticator failed with; as a SkippedKeysError which keys of a set were passed over, again when these are others.
   * Default, and where it fails itself: a process warning.
   */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** ms of Unix time. Default Date.now. */
  readonly now?: (() => number) | undefined;
  /**
   * ms of a clock that is never set: for how long used tokens are remembered, and how often `keys` is called. Default
   * performance.now.
   */
  readonly monotonicNow?: (() => number) | undefined;
}

export const VERIFIER_OPTION_NAMES: OptionNames<TokenVerifierOptions> = {
  keys: true,
  protocol: true,
  audience: true,
  issuer: true,
  requireChallenge: true,
  toleranceSeconds: true,
  maxLifetimeSeconds: true,
  notIssuedBefore: true,
  maxConsumed: true,
  reloadSeconds: true,
  maxKeyAgeSeconds: true,
  onError: true,
  now: true,
  monotonicNow: true,
};

const MAX_KEY_AGE_SECONDS = 86_400;
/** @internal s. */
export const DEFAULT_RELOAD_SECONDS = 30;
const KEYS: string = "a key set or a function that gets one";

/** Throws TypeError or RangeError that names the option, what is expected, and what came. */
export function checkVerifierOptions(options: TokenVerifierOptions): void {
  // A misspelt "requireChallenge" or "issuer" would let in whom it is to keep out.
  checkOptionNames(options, VERIFIER_OPTION_NAMES);
  const { keys, issuer, toleranceSeconds, maxLifetimeSeconds, notIssuedBefore, maxConsumed, reloadSeconds } = options;
  checkNoPromise("keys", keys, KEYS);
  if (typeof keys !== "function" && (typeof keys !== "object" || keys === null)) {
    throw new TypeError(`"keys" expected ${KEYS}, got ${kindOf(keys)}`);
  }
  // Such as the text of an environment variable: empty, it would turn the check off.
  checkBoolean("requireChallenge", options.requireChallenge);
  checkName("protocol", options.protocol);
  checkName("audience", options.audience);
  if (issuer !== undefined) checkName("issuer", issuer);
  if (toleranceSeconds !== undefined) checkSeconds("toleranceSeconds", toleranceSeconds, 0, 60);
  if (maxLifetimeSeconds !== undefined) checkSeconds("maxLifetimeSeconds", maxLifetimeSeconds, 1, MAX_LIFETIME_SECONDS);
  if (reloadSeconds !== undefined) checkSeconds("reloadSeconds", reloadSeconds, 1, 3600);
  checkMaxKeyAge(options);
  if (notIssuedBefore !== undefined && !isUnixSeconds(notIssuedBefore)) {
    const expected = `seconds of Unix time in 0..${MAX_UNIX_SECONDS}`;
    throw new RangeError(`"notIssuedBefore" expected ${expected}, got ${describeValue(notIssuedBefore)}`);
  }
  if (maxConsumed !== undefined && !(Number.isInteger(maxConsumed) && maxConsumed >= 1 && maxConsumed <= 1_000_000)) {
    throw new RangeError(`"maxConsumed" expected an integer in 1..1000000, got ${describeValue(maxConsumed)}`);
  }
  const { onError, now, monotonicNow } = options;
  checkFunctions({ onError, now, monotonicNow });
}

function checkMaxKeyAge({ maxKeyAgeSeconds, reloadSeconds = DEFAULT_RELOAD_SECONDS }: TokenVerifierOptions): void {
  if (maxKeyAgeSeconds === undefined) return;
  checkSeconds("maxKeyAgeSeconds", maxKeyAgeSeconds, 1, MAX_KEY_AGE_SECONDS);
  if (maxKeyAgeSeconds >= reloadSeconds) return;
  // Keys would be trusted for longer than was asked for.
  throw new RangeError(
    `"maxKeyAgeSeconds" expected no less than "reloadSeconds" (${reloadSeconds}), got ${maxKeyAgeSeconds}`,
  );
}
