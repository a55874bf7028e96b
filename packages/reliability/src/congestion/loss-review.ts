import { MIN_DATAGRAM_BYTES } from "@sortie/wire";

/** bytes. Fewer lost in a round are chance. */
const MIN_LOST_BYTES: number = 3 * MIN_DATAGRAM_BYTES;
/** Share of a round's bytes above twice what the path loses anyway. */
const EXCESS = 0.08;
/** Share. More is not made up for by sending more. */
const MAX_PATH_SHARE = 0.4;
/** Weight of a new finding in what the path loses anyway. */
const WEIGHT: number = 1 / 2;
/** Of the losses that made us slower, those that go on afterwards and show that slowness does not help. */
const UNHELPED: number = 1 / 2;
/** Of the bytes that made us slower, those that turn up after all and show that it was a mistake. */
const MISTAKEN: number = 1 / 2;

/**
 * Tells losses by congestion from those that a radio link has anyway, by trial: when a round loses more than it should,
 * the sender slows down, and the losses of the time after that decide. Those that go on do not come from our rate: the
 * rate is given back, and that much loss is expected from then on.
 */
export class LossReview {
  private share = 0;
  private before = 0;
  private triggerShare = 0;
  private doubtedBytes = 0;

  /** Share of the bytes that the path loses however slowly we send, 0..0.4. */
  get pathShare(): number {
    return this.share;
  }

  /** bytes/s. The rate before losses made us slower; 0 when something else did. */
  get rateBefore(): number {
    return this.before;
  }

  /** Whether a round lost more than the path does anyway. */
  isExcess(lossShare: number, lostBytes: number): boolean {
    return lostBytes >= MIN_LOST_BYTES && lossShare > 2 * this.share + EXCESS;
  }

  /** Losses make us slower. */
  onBackOff(lossShare: number, lostBytes: number, rateBefore: number): void {
    this.before = rateBefore;
    this.triggerShare = lossShare;
    this.doubtedBytes = lostBytes * MISTAKEN;
  }

  /** A round of slower sending ended. Returns the rate to go back to, bytes/s, or 0 to stay. */
  onSlower(lossShare: number): number {
    this.share += WEIGHT * (Math.min(lossShare, MAX_PATH_SHARE) - this.share);
    const rate = lossShare > this.triggerShare * UNHELPED ? this.before : 0;
    this.before = this.triggerShare = 0;
    return rate;
  }

  /** Bytes taken for lost arrived. Returns whether it was a mistake to slow down for them. */
  onSpuriousLoss(bytes: number): boolean {
    if (this.before === 0 || this.doubtedBytes <= 0) return false;
    this.doubtedBytes -= bytes;
    return this.doubtedBytes <= 0;
  }

  reset(): void {
    this.share = this.before = this.triggerShare = this.doubtedBytes = 0;
  }
}
