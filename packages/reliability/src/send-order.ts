/** ms. What was sent within the last of these, or the one before, is fresh: several probe timeouts of a usual path. */
const FRESH_MS = 500;

/** Places in the order of sends, and which of them were given out lately: messages need no field for their time. */
export class SendOrder {
  /** Messages sent so far. */
  count = 0;
  /** Places from this one on are of the present interval or the one before. */
  private freshFrom = 0;
  private presentFrom = 0;
  private presentSinceMs = 0;

  /** The place of a message sent now. */
  next(nowMs: number): number {
    this.passTime(nowMs);
    return this.count++;
  }

  /** From which place on messages were sent no longer ago than 500 to 1000 ms. */
  freshAt(nowMs: number): number {
    this.passTime(nowMs);
    return this.freshFrom;
  }

  private passTime(nowMs: number): void {
    const elapsedMs = nowMs - this.presentSinceMs;
    if (elapsedMs < FRESH_MS) return;
    this.freshFrom = elapsedMs < 2 * FRESH_MS ? this.presentFrom : this.count;
    this.presentFrom = this.count;
    this.presentSinceMs = nowMs;
  }
}
