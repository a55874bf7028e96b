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

/** ms. A promised acknowledgement delay up to this is taken as it is; of a longer one, what comes of it counts. */
const PLAIN_ACK_DELAY_MS = 50;
/** ms. How long a peer may keep packets beyond its promise, for want of time, at others' cost: it hears of no queue. */
const LONGEST_BUSY_MS = 300;
/** ms. The least that is allowed for where it is: what a peer that announces nothing has in QUIC. */
const LEAST_ACK_DELAY_MS = 25;
/** Weight of a shorter delay in the one that is expected: a longer one counts at once. */
const SHORTER_DELAY_WEIGHT: number = 1 / 16;

/** ms. Least acknowledgement delay that is allowed for in a probe timeout, of a peer that promised `promisedMs`. */
export function leastAckDelayMs(promisedMs: number): number {
  return promisedMs <= PLAIN_ACK_DELAY_MS ? promisedMs : LEAST_ACK_DELAY_MS;
}

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
  /** Round trips measured so far, on all paths. */
  samples = 0;
  /** What follows from the rest: it is asked for with every packet, and changes with a sample. */
  private timeout: number;
  private expectedDelay: number;
  /** Last sample and shortest one without the peer's delay. */
  private latestPath: number;
  private minPath: number = Infinity;

  /**
   * @param initialRttMs round trip that is assumed until the first sample, 0.01..60000 ms
   * @param peerMaxAckDelayMs longest delay of an ACK that the peer promised, 0..16384 ms
   * @throws RangeError when one of them is out of range
   */
  constructor(initialRttMs: number, peerMaxAckDelayMs: number) {
    expectNumber("initialRttMs", initialRttMs, MIN_RTT_MS, MAX_RTT_MS);
    expectNumber("peerMaxAckDelayMs", peerMaxAckDelayMs, 0, MAX_ACK_DELAY_MS);
    this.peerMaxAckDelayMs = peerMaxAckDelayMs;
    this.expectedDelay = Math.min(peerMaxAckDelayMs, PLAIN_ACK_DELAY_MS);
    this.smoothed = initialRttMs;
    this.variance = initialRttMs / 2;
    this.min = initialRttMs;
    this.latest = initialRttMs;
    this.latestPath = initialRttMs;
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

  /**
   * ms. What is to be in flight for ACKs that are late. At the least what is expected: the peer's promise or, of more
   * than 50 ms, what ACKs said lately, since a polling game promises for its slowest frames and mostly has quick ones.
   * And as long as the peer really keeps packets, whatever it promised: one whose thread is busy cannot help it.
   * @param heldMs ms for which it does; 0 gives what is expected alone
   */
  allowedAckDelayMs(heldMs: number): number {
    return Math.max(this.expectedDelay, Math.min(heldMs, Math.max(this.peerMaxAckDelayMs, LONGEST_BUSY_MS)));
  }

  /** ms. Last sample, the peer's delay subtracted. The initial round trip before the first sample. */
  get latestPathMs(): number {
    return this.latestPath;
  }

  /** ms. Shortest sample, the peer's delay subtracted. The initial round trip before the first sample. */
  get minPathMs(): number {
    return Math.min(this.min, this.minPath);
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
    this.samples += 1;
    this.latest = sample;
    const delay = this.believedDelayMs(ackDelayMs, graceMs);
    this.expectDelay(delay - graceMs);
    if (!this.sampled) this.minPath = Infinity;
    this.latestPath = Math.max(sample - delay, 0);
    this.minPath = Math.min(this.minPath, this.latestPath);
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

  private expectDelay(delayMs: number): void {
    const { peerMaxAckDelayMs, expectedDelay } = this;
    if (peerMaxAckDelayMs <= PLAIN_ACK_DELAY_MS) return;
    const seenMs = Math.max(delayMs, LEAST_ACK_DELAY_MS);
    this.expectedDelay += (seenMs - expectedDelay) * (seenMs > expectedDelay ? 1 : SHORTER_DELAY_WEIGHT);
  }

  private timeoutNow(): number {
    return this.smoothed + Math.max(4 * this.variance, GRANULARITY_MS) + this.expectedDelay;
  }
}
