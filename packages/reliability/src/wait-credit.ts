/**
 * ms. So much of a wait is always believed. Bulk data in both directions at once waits 4 ms on the average, 20 to 27
 * where one way is a tenth of the other; players do not notice a queue of that length.
 */
const STEADY_MS = 20;
/** ms of wait times seconds that are believed beyond that: 200 ms for 2 s, as a burst of the peer's takes. */
const MOST_SPARE = 400;
/** s. What is left of it decays over that time, while it is made use of. */
const SPAN_S = 2;
/** s. For so long before it at most a wait is taken to have stood already. */
const STOOD_S = 0.25;

/**
 * How much of the waits that a peer tells is believed, by their average.
 *
 * Whatever times a peer tells, all that is known for certain is the round trip. A queue that this side's own packets
 * stand in, and other players' behind the same uplink, looks the same as one of the peer's when the peer says so, and
 * nothing that it says proves the opposite: who can hide a queue can act an empty one too. Queues of honest peers that
 * give way themselves are short, or drain after a second or two. So a long wait is believed at first, and less the
 * longer it lasts, down to what is hardly a queue; the credit comes back while less than that is told.
 */
export class WaitCredit {
  /** ms times seconds, 0..MOST_SPARE. */
  private spare: number = MOST_SPARE;
  private believedMs = 0;
  private sinceMs = 0;

  /**
   * ms of `waitMs` that are believed, as of now.
   * @param waitMs as the peer tells it, 0 or more
   */
  believe(waitMs: number, nowMs: number): number {
    const seconds = Math.max(nowMs - this.sinceMs, 0) / 1000;
    this.sinceMs = nowMs;
    // The longer one of both ends of that time: between two long waits a short one may be told to save credit.
    const standingMs = Math.max(this.believedMs, Math.min(waitMs, STEADY_MS + this.spare / SPAN_S));
    const stoodSeconds = Math.min(seconds, STOOD_S);
    this.pass(standingMs, stoodSeconds);
    this.pass(this.believedMs, seconds - stoodSeconds);
    this.believedMs = Math.min(waitMs, STEADY_MS + this.spare / SPAN_S);
    return this.believedMs;
  }

  /** So much was believed for that time. */
  private pass(believedMs: number, seconds: number): void {
    this.spare = Math.min(Math.max(this.spare + (STEADY_MS - believedMs) * seconds, 0), MOST_SPARE);
  }
}
