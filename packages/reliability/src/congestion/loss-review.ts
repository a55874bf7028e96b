import { MIN_DATAGRAM_BYTES } from "@sortie/wire";

/** bytes. Fewer lost in a round are chance. */
const MIN_LOST_BYTES: number = 3 * MIN_DATAGRAM_BYTES;
/** Share of a round's bytes above twice what the path loses anyway. */
const EXCESS = 0.08;
/** Share. More is not made up for by sending more. */
const MAX_PATH_SHARE = 0.4;
/** Share. So much is never put down to the path, whatever it lost before. */
const MAX_EXPECTED = 0.6;
/** bytes of rounds with too little to send, by which their losses are judged: fewer are chance. */
const JUDGED_BYTES: number = 64 * MIN_DATAGRAM_BYTES;
/** bytes that count of one such round: an outage is one round, and over. */
const JUDGED_OF_ROUND: number = JUDGED_BYTES / 8;
/** Weight of a new finding in what the path loses anyway. */
const WEIGHT: number = 1 / 2;
/** Of the losses that made us slower, those that go on afterwards and show that slowness does not help. */
const UNHELPED: number = 1 / 2;
/** Of the bytes that made us slower, those that turn up after all and show that it was a mistake. */
const MISTAKEN: number = 1 / 2;

/**
 * Tells losses by congestion from those that a radio link has anyway, by trial: when a round loses more than it should,
 * the sender slows down, and the losses of the time after that decide. Those that go on do not come from our rate: the
 * rate is given back, and that much loss is expected from then on, up to two fifths. Beyond, it only becomes slower.
 */
export class LossReview {
  private share = 0;
  private thinBytes = 0;
  private thinLostBytes = 0;
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
    return lostBytes >= MIN_LOST_BYTES && this.isExcessShare(lossShare);
  }

  /** Whether a round lost more than any path does that is good for something. */
  isNearlyAll(lossShare: number, lostBytes: number): boolean {
    return lostBytes >= MIN_LOST_BYTES && lossShare > MAX_EXPECTED;
  }

  /** The same of losses that are too many for chance. */
  isExcessShare(lossShare: number): boolean {
    return lossShare > Math.min(2 * this.share + EXCESS, MAX_EXPECTED);
  }

  /**
   * A round ended in which there was too little to send to fill the path. Few such rounds say anything by themselves;
   * together they may show that sending as before is no way to go on: what is sent again and again may be little, and
   * yet all that a narrow path drops.
   * @returns the share that was lost, once enough was sent and it is too much; else 0
   */
  onThinRound(lostBytes: number, bytes: number): number {
    const counted = Math.min(bytes, JUDGED_OF_ROUND);
    if (lostBytes > 0) this.thinLostBytes += (lostBytes / bytes) * counted;
    this.thinBytes += counted;
    if (this.thinBytes < JUDGED_BYTES) return 0;
    const share = this.thinLostBytes / this.thinBytes;
    this.thinLostBytes = this.thinBytes = 0;
    return share > MAX_EXPECTED ? share : 0;
  }

  /** Losses make us slower. */
  onBackOff(lossShare: number, lostBytes: number, rateBefore: number): void {
    this.before = rateBefore;
    this.triggerShare = lossShare;
    this.doubtedBytes = lostBytes * MISTAKEN;
  }

  /** A round of slower sending ended. Returns the rate to go back to, bytes/s, or 0 to stay. */
  onSlower(lossShare: number): number {
    if (lossShare > MAX_PATH_SHARE) {
      // Slowness has not helped yet, but neither does speed: no path that loses this much was any good.
      this.before = this.triggerShare = 0;
      return 0;
    }
    this.share += WEIGHT * (lossShare - this.share);
    const rate = lossShare > this.triggerShare * UNHELPED ? this.before : 0;
    this.before = this.triggerShare = 0;
    return rate;
  }

  /** Bytes taken for lost arrived. Returns whether it was a mistake to slow down for them. */
  onSpuriousLoss(bytes: number): boolean {
    this.thinLostBytes = Math.max(this.thinLostBytes - bytes, 0);
    if (this.before === 0 || this.doubtedBytes <= 0) return false;
    this.doubtedBytes -= bytes;
    return this.doubtedBytes <= 0;
  }

  reset(): void {
    this.share = this.before = this.triggerShare = this.doubtedBytes = 0;
    this.thinBytes = this.thinLostBytes = 0;
  }
}
