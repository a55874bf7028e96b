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

/**
 * Decides which packets are lost (RFC 9002 section 6.1): those that a later acknowledged packet left behind by some
 * packets, or by some time. Both thresholds rise when a packet taken for lost turns up after all, as RFC 9002 section
 * 6.1.1 allows and RACK does (RFC 8985 section 6.2), and fall back slowly.
 */
export class LossDetector {
  /** ms. When the next packet is lost by time; Infinity when none would be. */
  lossTimeAt: number = Infinity;
  /** ms. No packet is lost by time before. */
  private putOffToMs: number = -Infinity;
  private packets: number = INITIAL_PACKET_THRESHOLD;
  private time = INITIAL_TIME_THRESHOLD;
  private decayAtMs: number = Infinity;

  /** Packets by which a later one may be acknowledged first. */
  get packetThreshold(): number {
    return this.packets;
  }

  /** Multiple of the round trip that a packet may take once a later one is acknowledged. */
  get timeThreshold(): number {
    return this.time;
  }

  /** No packet is lost by time before `untilMs`: acknowledgements that came in time may still wait in the socket. */
  putOff(untilMs: number): void {
    this.putOffToMs = untilMs;
    if (this.lossTimeAt < untilMs) this.lossTimeAt = untilMs;
  }

  /** Looks at the packets below `largestAcked`, at most the window of 1024, and sets `lossTimeAt`. */
  detect(sent: SentPackets, largestAcked: number, rtt: RttEstimator, nowMs: number, sink: LossSink): void {
    this.decay(nowMs);
    this.lossTimeAt = Infinity;
    const delayMs = rtt.lossDelayMs(this.time);
    for (let number = sent.lowest; number < largestAcked; number++) {
      const state = sent.stateOf(number);
      if (state !== SentState.InFlight && state !== SentState.Probe) continue;
      const lostAtMs = Math.max(sent.sentAtOf(number) + delayMs, this.putOffToMs);
      if (largestAcked - number >= this.packets) sink.onPacketLost(number, SentState.LostByOrder, nowMs);
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
    if (state === SentState.LostByOrder) {
      this.packets = Math.min(Math.max(this.packets, distance + 1), MAX_PACKET_THRESHOLD);
    } else {
      const seen = elapsedMs / Math.max(rtt.smoothedMs, rtt.latestMs);
      this.time = Math.min(Math.max(this.time, seen), MAX_TIME_THRESHOLD);
    }
    this.decayAtMs = nowMs + DECAY_MS;
  }

  private decay(nowMs: number): void {
    while (nowMs >= this.decayAtMs) {
      this.packets -= Math.ceil((this.packets - INITIAL_PACKET_THRESHOLD) / 2);
      this.time -= (this.time - INITIAL_TIME_THRESHOLD) / 2;
      if (this.time - INITIAL_TIME_THRESHOLD < 0.01) this.time = INITIAL_TIME_THRESHOLD;
      const settled = this.packets === INITIAL_PACKET_THRESHOLD && this.time === INITIAL_TIME_THRESHOLD;
      this.decayAtMs = settled ? Infinity : this.decayAtMs + DECAY_MS;
    }
  }
}
