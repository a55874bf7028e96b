import { MAX_ACK_BITMAP_BYTES, MAX_DATAGRAM_BYTES, MIN_DATAGRAM_BYTES } from "@sortie/wire";
import { MAX_BUCKET_BYTES, TokenBucket } from "../pacer.js";
import type { AckSample } from "./ack-sample.js";
import type { CongestionController } from "./congestion-controller.js";
import {
  ASSUMED_RTT_MS,
  checkPacedOptions,
  INITIAL_WINDOW_BYTES,
  type PacedControllerOptions,
} from "./paced-options.js";

/** bytes. kMinimumWindow, RFC 9002 section 7.2. */
const MIN_WINDOW_BYTES: number = 2 * MIN_DATAGRAM_BYTES;
/** bytes. More is never in flight: as many packets of full size as an ACK can state. */
const MAX_WINDOW_BYTES: number = MAX_ACK_BITMAP_BYTES * 8 * MAX_DATAGRAM_BYTES;
/** kLossReductionFactor, RFC 9002 section 7.3.2. */
const LOSS_REDUCTION = 0.5;
/** The pace over window / round trip, so that the window is the limit (RFC 9002 section 7.7). */
const PACE_GAIN = 1.25;
/** ms. The least round trip that a pace is computed from. */
const MIN_PACE_RTT_MS = 1;
/** bytes/s. Less than the least window takes over the longest round trip believed would stall. */
const MIN_PACE_BYTES_PER_SECOND = 1000;

/**
 * NewReno as of RFC 9002 section 7: slow start, additive increase, half the window for each loss. It takes every loss
 * for congestion and fills the bottleneck's queue before it slows down, which is why it is not the default; it is here
 * to compare with, and for networks where it must share fairly with loss-based flows.
 */
export class NewReno implements CongestionController {
  readonly bandwidthBytesPerSecond: number = 0;
  private readonly maxRate: number;
  private flushIntervalMs: number;
  private readonly bucket: TokenBucket;
  private window: number = INITIAL_WINDOW_BYTES;
  private threshold = Infinity;
  private recoveryFromMs = -Infinity;
  private pace: number;
  private smoothedRttMs: number = ASSUMED_RTT_MS;
  /** To undo a reduction whose losses all turn out not to be losses. */
  private windowBefore = 0;
  private thresholdBefore = Infinity;
  private doubtedBytes = 0;

  /** @throws RangeError or TypeError when an option is out of range, TypeError when there is none of its name */
  constructor(options: PacedControllerOptions = {}) {
    const { maxRateBytesPerSecond, flushIntervalMs } = checkPacedOptions(options);
    this.maxRate = maxRateBytesPerSecond;
    this.flushIntervalMs = flushIntervalMs;
    this.pace = this.paceOf(this.window);
    this.bucket = new TokenBucket(this.pace, this.burst());
  }

  get windowBytes(): number {
    return this.window;
  }

  get paceBytesPerSecond(): number {
    return this.pace;
  }

  onPacketSent(bytes: number, nowMs: number, _bytesInFlight: number): void {
    this.bucket.take(bytes, nowMs);
  }

  onPacketAcked(bytes: number, sentAtMs: number, _nowMs: number, isAppLimited: boolean): void {
    // A window that was not used may not grow (RFC 9002 section 7.8), nor one in recovery (section 7.3.2).
    if (isAppLimited || sentAtMs <= this.recoveryFromMs) return;
    if (this.window < this.threshold) this.window += bytes;
    else this.window += (MIN_DATAGRAM_BYTES * bytes) / this.window;
    this.window = Math.min(this.window, MAX_WINDOW_BYTES);
  }

  onAck({ smoothedRttMs, nowMs }: AckSample): void {
    this.smoothedRttMs = smoothedRttMs;
    this.setPace(nowMs);
  }

  onPacketsLost(bytes: number, largestLostSentAtMs: number, nowMs: number, persistent: boolean): void {
    if (largestLostSentAtMs > this.recoveryFromMs) {
      this.windowBefore = this.window;
      this.thresholdBefore = this.threshold;
      this.doubtedBytes = bytes;
      this.recoveryFromMs = nowMs;
      this.threshold = Math.max(this.window * LOSS_REDUCTION, MIN_WINDOW_BYTES);
      this.window = this.threshold;
    } else {
      this.doubtedBytes += bytes;
    }
    if (persistent) {
      this.window = MIN_WINDOW_BYTES;
      this.recoveryFromMs = -Infinity;
    }
    this.setPace(nowMs);
  }

  onSpuriousLoss(bytes: number, sentAtMs: number, nowMs: number): void {
    if (sentAtMs > this.recoveryFromMs || this.doubtedBytes === 0) return;
    this.doubtedBytes -= bytes;
    if (this.doubtedBytes > 0) return;
    // Nothing was lost after all: as before (compare RFC 4015).
    this.doubtedBytes = 0;
    this.window = Math.max(this.window, this.windowBefore);
    this.threshold = Math.max(this.threshold, this.thresholdBefore);
    this.setPace(nowMs);
  }

  onPathChanged(nowMs: number): void {
    this.window = INITIAL_WINDOW_BYTES;
    this.threshold = Infinity;
    this.recoveryFromMs = -Infinity;
    this.doubtedBytes = 0;
    this.setPace(nowMs);
  }

  onFlushInterval(intervalMs: number, nowMs: number): void {
    this.flushIntervalMs = intervalMs;
    this.setPace(nowMs);
  }

  canSend(bytes: number, bytesInFlight: number, nowMs: number, isSmall: boolean): boolean {
    return bytesInFlight + bytes <= this.window && this.nextSendAt(bytes, nowMs, isSmall) <= nowMs;
  }

  nextSendAt(bytes: number, nowMs: number, isSmall: boolean): number {
    return isSmall ? this.bucket.creditAt(bytes, nowMs) : this.bucket.readyAt(bytes, nowMs);
  }

  private paceOf(window: number): number {
    const rate = (PACE_GAIN * window * 1000) / Math.max(this.smoothedRttMs, MIN_PACE_RTT_MS);
    return Math.min(Math.max(rate, MIN_PACE_BYTES_PER_SECOND), this.maxRate);
  }

  private setPace(nowMs: number): void {
    this.pace = this.paceOf(this.window);
    this.bucket.setRate(this.pace, nowMs, this.burst());
  }

  private burst(): number {
    const bytes = Math.max((this.pace * this.flushIntervalMs) / 1000, INITIAL_WINDOW_BYTES, MAX_DATAGRAM_BYTES);
    return Math.min(bytes, MAX_BUCKET_BYTES);
  }
}
