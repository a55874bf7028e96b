/** Rate limit with a burst, on the world's own time. Starts full. */
export class TokenBucket {
  private readonly perSecond: number;
  private readonly burst: number;
  private tokens: number;
  private filledAtMs: number;

  constructor(perSecond: number, burst: number, nowMs: number) {
    this.perSecond = perSecond;
    this.burst = burst;
    this.tokens = burst;
    this.filledAtMs = nowMs;
  }

  /** Takes `amount` when there is as much; `nowMs` never runs backwards. */
  take(amount: number, nowMs: number): boolean {
    this.fill(nowMs);
    if (amount > this.tokens) return false;
    this.tokens -= amount;
    return true;
  }

  private fill(nowMs: number): void {
    const gained = ((nowMs - this.filledAtMs) * this.perSecond) / 1_000;
    this.tokens = Math.min(this.burst, this.tokens + gained);
    this.filledAtMs = nowMs;
  }
}
