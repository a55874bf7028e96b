import { expectNumber } from "./expect-number.js";

/**
 * bytes, bytes per second. Upper end of burst and rate. With it the rounding of a time in milliseconds (monotonic
 * clocks reach 10^9) is worth less than the tolerance.
 */
export const MAX_BUCKET_BYTES = 1e9;

/** bytes. A bucket that lacks less than this counts as ready: a timer set by `readyAt` never comes an instant early. */
const TOLERANCE_BYTES = 1;

/**
 * Token bucket: lets bytes through at a rate, after a pause up to a burst at once. Starts full.
 *
 * A request larger than the burst is let through by a full bucket, which is then in debt. What must go regardless
 * (probes) may be taken without asking; debt is paid back at the rate and never exceeds one burst.
 */
export class TokenBucket {
  private rateBytesPerMs: number;
  private burstBytes: number;
  private tokens: number;
  private updatedAtMs: number;

  /**
   * @param rateBytesPerSecond 1..10^9
   * @param burstBytes 1..10^9
   * @param nowMs any time at or before the first use
   * @throws RangeError when one of them is out of range
   */
  constructor(rateBytesPerSecond: number, burstBytes: number, nowMs: number = 0) {
    expectNumber("rateBytesPerSecond", rateBytesPerSecond, 1, MAX_BUCKET_BYTES);
    expectNumber("burstBytes", burstBytes, 1, MAX_BUCKET_BYTES);
    this.rateBytesPerMs = rateBytesPerSecond / 1000;
    this.burstBytes = burstBytes;
    this.tokens = burstBytes;
    this.updatedAtMs = nowMs;
  }

  /**
   * Changes the rate, and the burst if it is given, from `nowMs` on; what came in before counts at the old one.
   * @param rateBytesPerSecond 1..10^9
   * @param burstBytes 1..10^9
   * @throws RangeError when one of them is out of range
   */
  setRate(rateBytesPerSecond: number, nowMs: number, burstBytes: number = this.burstBytes): void {
    // Mostly, as every acknowledgement of a flow sets it.
    if (rateBytesPerSecond / 1000 === this.rateBytesPerMs && burstBytes === this.burstBytes) return;
    expectNumber("rateBytesPerSecond", rateBytesPerSecond, 1, MAX_BUCKET_BYTES);
    expectNumber("burstBytes", burstBytes, 1, MAX_BUCKET_BYTES);
    this.refill(nowMs);
    this.rateBytesPerMs = rateBytesPerSecond / 1000;
    this.burstBytes = burstBytes;
    this.tokens = Math.min(Math.max(this.tokens, -burstBytes), burstBytes);
  }

  /** bytes that may go now; negative while in debt. */
  available(nowMs: number): number {
    const elapsedMs = Math.max(nowMs - this.updatedAtMs, 0);
    return Math.min(this.tokens + elapsedMs * this.rateBytesPerMs, this.burstBytes);
  }

  /** Counts `bytes` as gone, whether they were there or not. */
  take(bytes: number, nowMs: number): void {
    this.refill(nowMs);
    this.tokens = Math.max(this.tokens - bytes, -this.burstBytes);
  }

  /** When `bytes` may go: `nowMs` itself when they may now. */
  readyAt(bytes: number, nowMs: number): number {
    const missing = Math.min(bytes, this.burstBytes) - this.available(nowMs);
    return missing < TOLERANCE_BYTES ? nowMs : nowMs + missing / this.rateBytesPerMs;
  }

  /** When `bytes` may go on credit, which reaches as far as one burst: `nowMs` itself when they may now. */
  creditAt(bytes: number, nowMs: number): number {
    return this.readyAt(bytes - this.burstBytes, nowMs);
  }

  private refill(nowMs: number): void {
    this.tokens = this.available(nowMs);
    this.updatedAtMs = Math.max(this.updatedAtMs, nowMs);
  }
}
