import type { AckSample } from "./ack-sample.js";

/**
 * What the path carries: the highest delivery rate of the last two probing cycles (as BBR's max filter). Samples from
 * times in which the application had too little to send can only raise it, and cycles do not pass in such times.
 */
export class BandwidthFilter {
  private current = 0;
  private previous = 0;
  private countFromBytes = 0;
  private isHeld = false;

  /** bytes/s; 0 before the first sample. */
  get bytesPerSecond(): number {
    return Math.max(this.current, this.previous);
  }

  onAck(sample: AckSample): void {
    const { deliveryRateBytesPerSecond: rate, isAppLimited } = sample;
    if (this.isHeld || rate <= this.current || sample.priorDeliveredBytes < this.countFromBytes) return;
    if (!isAppLimited || rate > this.previous) this.current = rate;
  }

  /** A new cycle begins: what was measured before the last one is forgotten, and what is measured counts again. */
  nextCycle(): void {
    this.isHeld = false;
    if (this.current === 0) return;
    this.previous = this.current;
    this.current = 0;
  }

  /**
   * Nothing that is measured raises the bandwidth until the next cycle: a flow that gave way would take back in a round
   * or two, by the unevenness of rates, what others had no time to find.
   */
  hold(): void {
    this.isHeld = true;
  }

  /**
   * From now on the path is thought to carry `bytesPerSecond`.
   * @param deliveredBytes packets sent before so much was delivered say nothing against it
   */
  set(bytesPerSecond: number, deliveredBytes: number): void {
    this.current = this.previous = bytesPerSecond;
    this.countFromBytes = deliveredBytes;
    this.isHeld = false;
  }
}
