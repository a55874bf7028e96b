import type { AckSample } from "./ack-sample.js";

/**
 * Cuts time into round trips by what was delivered: a round ends when a packet sent after its beginning is
 * acknowledged. Tells for each how fast data arrived and how much of it was lost.
 */
export class RoundMeter {
  /** Rounds that have ended. */
  count = 0;
  /** bytes/s at which data arrived in the last round. */
  rateBytesPerSecond = 0;
  /** Share of the bytes that were lost in the last round, 0..1. */
  lossShare = 0;
  /** bytes lost in the last round. */
  lostBytes = 0;
  /** ACKs that told of losses in the last round: a burst is one, or two. */
  lossEvents = 0;
  /** bytes that arrived in the last round after they had been counted as lost in one before. */
  regainedBytes = 0;
  /** bytes that arrived or were lost in the last round. */
  bytes = 0;
  /** ms that the last round took, by when its data arrived. */
  elapsedMs = 0;
  /** Whether the sender had too little to send in the last round. */
  isAppLimited = false;
  /** `deliveredBytes` where the running round began. */
  fromBytes = 0;
  /** ms. When that began: the last round ended with data that arrived then. */
  fromMs = 0;
  private lost = 0;
  private events = 0;
  private regained = 0;
  private appLimited = false;

  /** Returns whether the sample ends a round. */
  onAck(sample: AckSample): boolean {
    if (sample.lostBytes > 0) {
      this.lost += sample.lostBytes;
      this.events += 1;
    }
    if (sample.isAppLimited) this.appLimited = true;
    if (sample.priorDeliveredBytes < this.fromBytes || sample.ackedBytes === 0) return false;
    const bytes = sample.deliveredBytes - this.fromBytes;
    const elapsedMs = sample.deliveredAtMs - this.fromMs;
    this.count += 1;
    this.elapsedMs = elapsedMs;
    if (elapsedMs > 0) this.rateBytesPerSecond = (bytes * 1000) / elapsedMs;
    this.lostBytes = this.lost;
    this.lossEvents = this.events;
    this.regainedBytes = this.regained;
    this.bytes = this.lost + bytes;
    this.lossShare = this.lost / this.bytes;
    this.isAppLimited = this.appLimited;
    this.fromBytes = sample.deliveredBytes;
    this.fromMs = sample.deliveredAtMs;
    this.lost = this.events = this.regained = 0;
    this.appLimited = false;
    return true;
  }

  /** bytes that had been counted as lost arrived. */
  onSpuriousLoss(bytes: number): void {
    this.regained += Math.max(bytes - this.lost, 0);
    this.lost = Math.max(this.lost - bytes, 0);
  }
}
