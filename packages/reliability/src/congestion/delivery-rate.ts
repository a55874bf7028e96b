import type { SentPackets } from "../sent-packets.js";
import { createAckSample, type MutableAckSample } from "./ack-sample.js";

/** The least of a round trip over which a rate is believed: over less, the bunching of ACKs is what is measured. */
const MIN_INTERVAL_OF_RTT = 0.9;
/** ms. The shortest round trip that is believed: a path without any (in one process) would show no rate at all. */
const MIN_INTERVAL_MS = 0.01;

/** ms that the present ACK waited behind the peer's data, of which arrivals are dated back, and the longest of late. */
interface ReturnWaits {
  readonly waitMs: number;
  readonly datedMs: number;
  readonly longestMs: number;
}
const NO_WAITS: ReturnWaits = { waitMs: 0, datedMs: 0, longestMs: 0 };

/**
 * What the ACK that is being applied tells, and what is worked out of it. One for all connections of a thread: its use
 * ends before another ACK begins. Memory of each connection's own would rarely be in the cache.
 */
const sample: MutableAckSample = createAckSample();
const work = { ackedAtMs: 0, newest: -1, newestSentAtMs: 0, priorAtMs: 0, sendElapsedMs: 0 };

/**
 * Measures how fast data arrives (draft-cheng-iccrg-delivery-rate-estimation): bytes delivered between the sending of
 * a packet and its acknowledgement, over the longer of the times in which they were sent and acknowledged.
 *
 * One difference: arrivals are dated back by the delay that the ACK states, cut to what the peer promised, and by the
 * wait of the ACK behind the peer's data where times in ACKs tell it. A server that answers once a tick acknowledges in
 * lumps; its delays tell when the lumps arrived. A lie gains nothing: the rate never exceeds that of sending.
 *
 * What belongs to each packet lies in the ring of `SentPackets`; nothing is allocated.
 */
export class DeliveryRateSampler {
  /** bytes acknowledged since the connection began. */
  deliveredBytes = 0;
  private deliveredAtMs = 0;
  private firstSentAtMs = 0;
  /** `deliveredBytes` at which the last packet sent for want of data has arrived; -1: the path is the limit. */
  private appLimitedUntil = -1;
  private rateBytesPerSecond = 0;
  /** When the packets of the present train were sent, and when the last that is acknowledged of them arrived. */
  private trainSentAtMs = -1;
  private trainAtMs = 0;

  /** Whether what is in flight was sent for want of more data. */
  get isAppLimited(): boolean {
    return this.appLimitedUntil >= 0;
  }

  /** bytes/s. The last sample, 0 before the first. */
  get deliveryRateBytesPerSecond(): number {
    return this.rateBytesPerSecond;
  }

  /** Notes with packet `packetNumber`, about to be sent, how things stand. `bytesInFlight`: without it. */
  onSent(sent: SentPackets, packetNumber: number, bytesInFlight: number, nowMs: number): void {
    if (bytesInFlight === 0) {
      // Nothing was under way: time in which nothing could arrive must not count.
      this.firstSentAtMs = nowMs;
      this.deliveredAtMs = nowMs;
    }
    sent.noteDelivery(packetNumber, this.deliveredBytes, this.deliveredAtMs, this.firstSentAtMs, this.isAppLimited);
  }

  /** There is nothing more to send, though more might go. */
  onAppLimited(bytesInFlight: number): void {
    this.appLimitedUntil = this.deliveredBytes + bytesInFlight;
  }

  /** The path is another: what is in flight is of the former one, and is shown no more. */
  onPathChanged(): void {
    if (this.isAppLimited) this.appLimitedUntil = this.deliveredBytes;
    this.rateBytesPerSecond = 0;
  }

  /** An ACK comes; `onAcked` for each of its packets and `end` follow. */
  begin(nowMs: number, ackDelayMs: number, { waitMs, datedMs, longestMs }: ReturnWaits = NO_WAITS): void {
    sample.nowMs = nowMs;
    sample.ackDelayMs = ackDelayMs;
    sample.returnWaitMs = waitMs;
    sample.maxReturnWaitMs = longestMs;
    sample.ackedBytes = 0;
    sample.priorDeliveredBytes = 0;
    // For an ACK of nothing but path probes, of which no packet tells.
    sample.isAppLimited = this.isAppLimited;
    work.newest = -1;
    work.ackedAtMs = nowMs - ackDelayMs - datedMs;
  }

  /** A packet of this path that was in flight, or had been taken for lost, arrived; no path probe. */
  onAcked(sent: SentPackets, packetNumber: number): void {
    const bytes = sent.bytesOf(packetNumber);
    this.deliveredBytes += bytes;
    sample.ackedBytes += bytes;
    this.deliveredAtMs = Math.max(this.deliveredAtMs, work.ackedAtMs);
    if (packetNumber <= work.newest) return;
    work.newest = packetNumber;
    const sentAtMs = sent.sentAtOf(packetNumber);
    work.newestSentAtMs = sentAtMs;
    work.priorAtMs = sent.deliveredAtOf(packetNumber);
    work.sendElapsedMs = sentAtMs - sent.firstSentAtOf(packetNumber);
    this.firstSentAtMs = Math.max(this.firstSentAtMs, sentAtMs);
    sample.priorDeliveredBytes = sent.deliveredBytesOf(packetNumber);
    sample.isAppLimited = sent.wasAppLimited(packetNumber);
  }

  /** All of the ACK was applied. `minRttMs`: shortest round trip so far. */
  end(minRttMs: number): MutableAckSample {
    if (this.appLimitedUntil >= 0 && this.deliveredBytes > this.appLimitedUntil) this.appLimitedUntil = -1;
    sample.deliveredBytes = this.deliveredBytes;
    sample.deliveredAtMs = this.deliveredAtMs;
    sample.deliveryRateBytesPerSecond = this.rateBytesPerSecond = 0;
    sample.trainBytes = 0;
    sample.trainMs = 0;
    if (work.newest < 0) return sample;
    this.followTrain();
    const intervalMs = Math.max(work.sendElapsedMs, this.deliveredAtMs - work.priorAtMs, MIN_INTERVAL_MS);
    if (intervalMs >= minRttMs * MIN_INTERVAL_OF_RTT) {
      this.rateBytesPerSecond = ((this.deliveredBytes - sample.priorDeliveredBytes) * 1000) / intervalMs;
      sample.deliveryRateBytesPerSecond = this.rateBytesPerSecond;
    }
    return sample;
  }

  /** Packets that were sent at one instant are drawn apart by the bottleneck. */
  private followTrain(): void {
    const { deliveredAtMs } = this;
    if (work.newestSentAtMs === this.trainSentAtMs) {
      sample.trainBytes = sample.ackedBytes;
      sample.trainMs = deliveredAtMs - this.trainAtMs;
    }
    this.trainSentAtMs = work.newestSentAtMs;
    this.trainAtMs = deliveredAtMs;
  }
}
