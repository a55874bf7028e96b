import type { AckSample } from "./ack-sample.js";

/**
 * What the path carries: the highest delivery rate of the last two probing cycles (as BBR's max filter). Samples from
 * times in which the application had too little to send can only raise it, and cycles do not pass in such times.
 */
export class BandwidthFilter {
  private current = 0;
  private previous = 0;
  private countFromBytes = 0;
  private peak = 0;
  /** bytes/s. What is measured counts for no more than this. */
  private most: number = Infinity;

  /** bytes/s; 0 before the first sample. */
  get bytesPerSecond(): number {
    return Math.max(this.current, this.previous);
  }

  /** bytes/s. The highest that it was since `restartPeak`. */
  get peakBytesPerSecond(): number {
    return this.peak;
  }

  restartPeak(): void {
    this.peak = this.bytesPerSecond;
  }

  onAck(sample: AckSample): void {
    const rate = Math.min(sample.deliveryRateBytesPerSecond, this.most);
    if (rate <= this.current || sample.priorDeliveredBytes < this.countFromBytes) return;
    if (sample.isAppLimited && rate <= this.previous) return;
    this.current = rate;
    this.peak = Math.max(this.peak, rate);
  }

  /**
   * A new cycle begins: what was measured before the last one is forgotten.
   * @param mostBytesPerSecond that what is measured from now on counts for
   */
  nextCycle(mostBytesPerSecond: number = Infinity): void {
    this.most = mostBytesPerSecond;
    if (this.current === 0) return;
    this.previous = this.current;
    this.current = 0;
  }

  /**
   * What is measured raises the bandwidth no further until the next cycle: a flow that gave way would take back in a
   * round or two, by the unevenness of rates, what others had no time to find.
   */
  limitTo(mostBytesPerSecond: number): void {
    this.most = mostBytesPerSecond;
  }

  /**
   * From now on the path is thought to carry `bytesPerSecond`.
   * @param deliveredBytes packets sent before so much was delivered say nothing against it
   */
  set(bytesPerSecond: number, deliveredBytes: number): void {
    this.current = this.previous = bytesPerSecond;
    this.peak = Math.max(this.peak, bytesPerSecond);
    this.countFromBytes = deliveredBytes;
  }
}
