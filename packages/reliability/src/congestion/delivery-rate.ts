import type { SentPackets } from "../sent-packets.js";
import { createAckSample, type MutableAckSample } from "./ack-sample.js";

/** The least of a round trip over which a rate is believed: over less, the bunching of ACKs is what is measured. */
const MIN_INTERVAL_OF_RTT = 0.9;
/** ms. The shortest round trip that is believed: a path without any (in one process) would show no rate at all. */
const MIN_INTERVAL_MS = 0.01;

/**
 * Measures how fast data arrives (draft-cheng-iccrg-delivery-rate-estimation): bytes delivered between the sending of
 * a packet and its acknowledgement, over the longer of the times in which they were sent and acknowledged.
 *
 * One difference: arrivals are dated back by the delay that the ACK states, cut to what the peer promised. A server
 * that answers once a tick acknowledges in lumps; its delays tell when the lumps arrived. A lie gains nothing: the rate
 * never exceeds that of sending.
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
  private readonly last: MutableAckSample = createAckSample();
  private ackedAtMs = 0;
  private newest = -1;
  private newestSentAtMs = -1;
  private priorAtMs = 0;
  private sendElapsedMs = 0;
  /** When the packets of the present train were sent, and when the last that is acknowledged of them arrived. */
  private trainSentAtMs = -1;
  private trainAtMs = 0;

  /** Whether what is in flight was sent for want of more data. */
  get isAppLimited(): boolean {
    return this.appLimitedUntil >= 0;
  }

  /** bytes/s. The last sample, 0 before the first. */
  get deliveryRateBytesPerSecond(): number {
    return this.last.deliveryRateBytesPerSecond;
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

  /** An ACK comes; `onAcked` for each of its packets and `end` follow. */
  begin(nowMs: number, ackDelayMs: number): void {
    const { last } = this;
    last.nowMs = nowMs;
    last.ackDelayMs = ackDelayMs;
    last.ackedBytes = 0;
    last.isAppLimited = false;
    this.newest = -1;
    this.ackedAtMs = nowMs - ackDelayMs;
  }

  /** A packet that was in flight, or had been taken for lost, arrived. */
  onAcked(sent: SentPackets, packetNumber: number): void {
    const { last } = this;
    const bytes = sent.bytesOf(packetNumber);
    this.deliveredBytes += bytes;
    last.ackedBytes += bytes;
    this.deliveredAtMs = Math.max(this.deliveredAtMs, this.ackedAtMs);
    if (packetNumber <= this.newest) return;
    this.newest = packetNumber;
    const sentAtMs = sent.sentAtOf(packetNumber);
    this.newestSentAtMs = sentAtMs;
    this.priorAtMs = sent.deliveredAtOf(packetNumber);
    this.sendElapsedMs = sentAtMs - sent.firstSentAtOf(packetNumber);
    this.firstSentAtMs = Math.max(this.firstSentAtMs, sentAtMs);
    last.priorDeliveredBytes = sent.deliveredBytesOf(packetNumber);
    last.isAppLimited = sent.wasAppLimited(packetNumber);
  }

  /** All of the ACK was applied. `minRttMs`: shortest round trip so far. */
  end(minRttMs: number): MutableAckSample {
    const { last } = this;
    if (this.appLimitedUntil >= 0 && this.deliveredBytes > this.appLimitedUntil) this.appLimitedUntil = -1;
    last.deliveredBytes = this.deliveredBytes;
    last.deliveredAtMs = this.deliveredAtMs;
    last.deliveryRateBytesPerSecond = 0;
    last.trainBytes = 0;
    last.trainMs = 0;
    if (this.newest < 0) return last;
    this.followTrain();
    const intervalMs = Math.max(this.sendElapsedMs, this.deliveredAtMs - this.priorAtMs, MIN_INTERVAL_MS);
    if (intervalMs >= minRttMs * MIN_INTERVAL_OF_RTT) {
      last.deliveryRateBytesPerSecond = ((this.deliveredBytes - last.priorDeliveredBytes) * 1000) / intervalMs;
    }
    return last;
  }

  /** Packets that were sent at one instant are drawn apart by the bottleneck. */
  private followTrain(): void {
    const { last, deliveredAtMs } = this;
    if (this.newestSentAtMs === this.trainSentAtMs) {
      last.trainBytes = last.ackedBytes;
      last.trainMs = deliveredAtMs - this.trainAtMs;
    }
    this.trainSentAtMs = this.newestSentAtMs;
    this.trainAtMs = deliveredAtMs;
  }
}
