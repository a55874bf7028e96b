import { MIN_DATAGRAM_BYTES, type OptionNames } from "@sortie/wire";
import { expectNumber } from "../expect-number.js";
import { MAX_BUCKET_BYTES } from "../pacer.js";
import { checkOptionNames } from "../option-names.js";

/** bytes that may go before anything was measured: ten packets (kInitialWindow, RFC 9002 section 7.2). */
export const INITIAL_WINDOW_BYTES: number = 10 * MIN_DATAGRAM_BYTES;
/** ms. The round trip that the first pace is computed from, until one was measured. */
export const ASSUMED_RTT_MS = 100;
/** bytes/s. Least cap that may be set. */
const MIN_RATE_CAP = 1000;
/** ms. A server that sends less than once a second is no game's. */
const MAX_FLUSH_INTERVAL_MS = 1000;

/** Options of {@link AdaptiveRate} and {@link NewReno}. */
export interface PacedControllerOptions {
  /** bytes per second, 1000..10^9: never faster. Default 10^9. */
  readonly maxRateBytesPerSecond?: number | undefined;
  /**
   * ms, 0..1000. How often the owner sends: a server sends once a tick, and what the pace allows in that time goes at
   * once. Default 0: whenever something may go.
   */
  readonly flushIntervalMs?: number | undefined;
}

const OPTION_NAMES: OptionNames<PacedControllerOptions> = { maxRateBytesPerSecond: true, flushIntervalMs: true };

/**
 * Fills in the defaults.
 * @throws RangeError or TypeError when an option is out of range, TypeError when there is none of its name
 */
export function checkPacedOptions(
  options: PacedControllerOptions,
): Required<Record<keyof PacedControllerOptions, number>> {
  checkOptionNames(options, OPTION_NAMES);
  const { maxRateBytesPerSecond = MAX_BUCKET_BYTES, flushIntervalMs = 0 } = options;
  expectNumber("maxRateBytesPerSecond", maxRateBytesPerSecond, MIN_RATE_CAP, MAX_BUCKET_BYTES);
  expectNumber("flushIntervalMs", flushIntervalMs, 0, MAX_FLUSH_INTERVAL_MS);
  return { maxRateBytesPerSecond, flushIntervalMs };
}
