import { expectNumber } from "./expect-number.js";

/** ms. Timer granularity: the least room a variance gets in a timeout (kGranularity, RFC 9002 section 6.1.2). */
const GRANULARITY_MS = 1;

/** ms. The least round trip that is believed; keeps products of it away from zero on a loopback path. */
const MIN_RTT_MS = 0.01;

/**
 * ms. The longest round trip that is believed. Longer than any idle timeout: a larger sample measures a suspended
 * machine or a peer that sits on its acks, and would freeze every timeout derived from it.
 */
const MAX_RTT_MS = 60_000;

/** ms. Largest acknowledgement delay a peer may announce (max_ack_delay below 2^14, RFC 9000 section 18.2). */
const MAX_ACK_DELAY_MS = 2 ** 14;

/**
 * Round-trip time of one path as of RFC 9002 section 5. Whatever is fed in, every value read from it is a finite
 * positive number (`varianceMs`: not negative).
 */
export class RttEstimator {
  /** ms. The longest that the peer promised to hold an ACK back. */
  readonly peerMaxAckDelayMs: number;
  private smoothed: number;
  private variance: number;
  private min: number;
  private latest: number;
  private sampled = false;
  /** What follows from the rest: it is asked for with every packet, and changes with a sample. */
  private timeout: number;

  /**
   * @param initialRttMs round trip that is assumed until the first sample, 0.01..60000 ms
   * @param peerMaxAckDelayMs longest delay of an ACK that the peer promised, 0..16384 ms
   * @throws RangeError when one of them is out of range
   */
  constructor(initialRttMs: number, peerMaxAckDelayMs: number) {
    expectNumber("initialRttMs", initialRttMs, MIN_RTT_MS, MAX_RTT_MS);
    expectNumber("peerMaxAckDelayMs", peerMaxAckDelayMs, 0, MAX_ACK_DELAY_MS);
    this.peerMaxAckDelayMs = peerMaxAckDelayMs;
    this.smoothed = initialRttMs;
    this.variance = initialRttMs / 2;
    this.min = initialRttMs;
    this.latest = initialRttMs;
    this.timeout = this.timeoutNow();
  }

  /** ms. Exponentially weighted mean. The initial round trip before the first sample. */
  get smoothedMs(): number {
    return this.smoothed;
  }

  /** ms. Mean deviation of the samples. Half of the initial round trip before the first sample. */
  get varianceMs(): number {
    return this.variance;
  }

  /** ms. Shortest sample, no ack delay subtracted. The initial round trip before the first sample. */
  get minMs(): number {
    return this.min;
  }

  /** ms. Last sample, no ack delay subtracted. The initial round trip before the first sample. */
  get latestMs(): number {
    return this.latest;
  }

  /** Whether anything was measured yet. */
  get hasSample(): boolean {
    return this.sampled;
  }

  /**
   * Takes a sample in (RFC 9002 section 5.3). The delay that the peer reports is cut to what it promised, and is
   * subtracted down to the shortest round trip at most: a lie moves the mean by no more than `peerMaxAckDelayMs` and
   * `graceMs`, and never below what was really measured. The RFC subtracts all or nothing, which leaves the whole delay
   * in the mean where every ACK is delayed, and so the shortest sample too.
   * @param sampleMs time from sending the newly acknowledged largest packet to now, by our clock. Clamped to
   * 0.01..60000 ms; ignored when it is not a finite number.
   * @param ackDelayMs as the ACK says
   * @param graceMs what the ACK of such a packet may take beyond what the peer promised
   */
  update(sampleMs: number, ackDelayMs: number, graceMs: number = 0): void {
    if (!Number.isFinite(sampleMs)) return;
    const sample = Math.min(Math.max(sampleMs, MIN_RTT_MS), MAX_RTT_MS);
    this.latest = sample;
    if (!this.sampled) {
      // No delay is subtracted from the first sample: it is the minimum itself (RFC 9002 section 5.3).
      this.sampled = true;
      this.min = sample;
      this.smoothed = sample;
      this.variance = sample / 2;
      this.timeout = this.timeoutNow();
      return;
    }
    this.min = Math.min(this.min, sample);
    const delay = this.believedDelayMs(ackDelayMs, graceMs);
    const adjusted = Math.max(sample - delay, this.min);
    this.variance += (Math.abs(this.smoothed - adjusted) - this.variance) / 4;
    this.smoothed += (adjusted - this.smoothed) / 8;
    this.timeout = this.timeoutNow();
  }

  /**
   * Another path: the next sample is the first one. Until then the mean stays as a guess, with the deviation that a
   * guess has (RFC 9000 section 9.4 has the initial value of every connection in its place; this one is nearer).
   */
  onPathChanged(): void {
    this.sampled = false;
    this.variance = Math.max(this.variance, this.smoothed / 2);
    this.timeout = this.timeoutNow();
  }

  /** ms. What is believed of a delay that an ACK states: no more than the peer promised, and `graceMs`. */
  believedDelayMs(ackDelayMs: number, graceMs: number = 0): number {
    return ackDelayMs > 0 ? Math.min(ackDelayMs, this.peerMaxAckDelayMs + graceMs) : 0;
  }

  /** ms. How long to wait for an acknowledgement before probing, no backoff applied (RFC 9002 section 6.2.1). */
  probeTimeoutMs(): number {
    return this.timeout;
  }

  /**
   * ms. Age at which a packet that was sent before an acknowledged one counts as lost (RFC 9002 section 6.1.2).
   * @param timeThreshold multiple of the round trip, 9/8 to begin with
   */
  lossDelayMs(timeThreshold: number): number {
    return Math.max(timeThreshold * Math.max(this.smoothed, this.latest), GRANULARITY_MS);
  }

  private timeoutNow(): number {
    return this.smoothed + Math.max(4 * this.variance, GRANULARITY_MS) + this.peerMaxAckDelayMs;
  }
}
