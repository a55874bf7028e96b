import type { RttEstimator } from "./rtt-estimator.js";
import type { SentPackets } from "./sent-packets.js";
import { SentState } from "./sent-state.js";

/** Packets. RFC 9002 section 6.1.1. */
const INITIAL_PACKET_THRESHOLD = 3;
/** Packets. More reordering than this is waited out by time alone. */
const MAX_PACKET_THRESHOLD = 128;
/** Multiple of the round trip. RFC 9002 section 6.1.2. */
const INITIAL_TIME_THRESHOLD: number = 9 / 8;
/** Multiple of the round trip: beyond it a probe timeout would come first. */
const MAX_TIME_THRESHOLD = 2;
/** ms without a spurious loss after which half of what a threshold has risen is taken back. */
const DECAY_MS = 10_000;

/** Told of each packet that is taken for lost; marks it in `SentPackets`. */
export interface LossSink {
  onPacketLost(packetNumber: number, state: SentState, nowMs: number): void;
}

/** Thresholds of a path on which packets that were taken for lost have turned up. */
class RaisedThresholds {
  packets: number = INITIAL_PACKET_THRESHOLD;
  time: number = INITIAL_TIME_THRESHOLD;
  /** ms. When half of what they have risen is taken back. */
  decayAtMs = 0;

  /** Takes half back. Returns whether something is left. */
  fall(): boolean {
    this.packets -= Math.ceil((this.packets - INITIAL_PACKET_THRESHOLD) / 2);
    this.time -= (this.time - INITIAL_TIME_THRESHOLD) / 2;
    if (this.time - INITIAL_TIME_THRESHOLD < 0.01) this.time = INITIAL_TIME_THRESHOLD;
    this.decayAtMs += DECAY_MS;
    return this.packets !== INITIAL_PACKET_THRESHOLD || this.time !== INITIAL_TIME_THRESHOLD;
  }
}

/**
 * Decides which packets are lost (RFC 9002 section 6.1): those that a later acknowledged packet left behind by some
 * packets, or by some time. Both thresholds rise when a packet taken for lost turns up after all, as RFC 9002 section
 * 6.1.1 allows and RACK does (RFC 8985 section 6.2), and fall back slowly.
 */
export class LossDetector {
  /** ms. When the next packet is lost by time; Infinity when none would be. */
  lossTimeAt: number = Infinity;
  /** Undefined while both thresholds are the initial ones: paths that reorder are rare. */
  private raised: RaisedThresholds | undefined = undefined;

  /** Packets by which a later one may be acknowledged first. */
  get packetThreshold(): number {
    return this.raised?.packets ?? INITIAL_PACKET_THRESHOLD;
  }

  /** Multiple of the round trip that a packet may take once a later one is acknowledged. */
  get timeThreshold(): number {
    return this.raised?.time ?? INITIAL_TIME_THRESHOLD;
  }

  /** No packet is to be lost by time before `untilMs`: acknowledgements that came in time may wait in the socket. */
  putOff(untilMs: number): void {
    if (this.lossTimeAt < untilMs) this.lossTimeAt = untilMs;
  }

  /**
   * Looks at the packets below `largestAcked`, at most the window of 1024, and sets `lossTimeAt`.
   * @param notBeforeMs none is lost by time before: what `putOff` was told last
   */
  detect(
    sent: SentPackets,
    largestAcked: number,
    rtt: RttEstimator,
    nowMs: number,
    sink: LossSink,
    notBeforeMs: number = -Infinity,
  ): void {
    this.decay(nowMs);
    this.lossTimeAt = Infinity;
    const { packetThreshold } = this;
    const delayMs = rtt.lossDelayMs(this.timeThreshold);
    for (let number = sent.lowest; number < largestAcked; number++) {
      const state = sent.stateOf(number);
      if (state !== SentState.InFlight && state !== SentState.Probe) continue;
      const lostAtMs = Math.max(sent.sentAtOf(number) + delayMs, notBeforeMs);
      if (largestAcked - number >= packetThreshold) sink.onPacketLost(number, SentState.LostByOrder, nowMs);
      else if (lostAtMs <= nowMs) sink.onPacketLost(number, SentState.LostByTime, nowMs);
      else if (lostAtMs < this.lossTimeAt) this.lossTimeAt = lostAtMs;
    }
  }

  /**
   * A packet taken for lost was acknowledged.
   * @param state what it had been taken for
   * @param distance packets by which the largest acknowledged one was ahead
   * @param elapsedMs since it was sent
   */
  onSpuriousLoss(state: SentState, distance: number, elapsedMs: number, rtt: RttEstimator, nowMs: number): void {
    const raised = (this.raised ??= new RaisedThresholds());
    if (state === SentState.LostByOrder) {
      raised.packets = Math.min(Math.max(raised.packets, distance + 1), MAX_PACKET_THRESHOLD);
    } else {
      const seen = elapsedMs / Math.max(rtt.smoothedMs, rtt.latestMs);
      raised.time = Math.min(Math.max(raised.time, seen), MAX_TIME_THRESHOLD);
    }
    raised.decayAtMs = nowMs + DECAY_MS;
  }

  private decay(nowMs: number): void {
    while (this.raised !== undefined && nowMs >= this.raised.decayAtMs) {
      if (!this.raised.fall()) this.raised = undefined;
    }
  }
}
