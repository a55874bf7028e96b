/** ms. A deadline served later than this says that the process was held up: blocked, suspended, starved of CPU. */
const HELD_UP_MS = 250;
/** ms given to a peer that may have spoken while nobody listened. */
const GRACE_MS = 1000;

/**
 * Whether deadlines are served so late that packets which came in time may still wait in the socket.
 * @param usualMs how late the owner serves them when all is well: the interval of its ticks
 */
export function wasHeldUp(nextDeadlineMs: number, nowMs: number, usualMs: number = 0): boolean {
  return nowMs - nextDeadlineMs > HELD_UP_MS + usualMs;
}

/**
 * When a silent peer is asked for a word, and when it is given up. A process that was held up serves its timers before
 * it reads what has arrived meanwhile: silence that it could not have heard through is excused, though never for longer
 * than the timeout itself.
 */
export class IdleWatch {
  readonly timeoutMs: number;
  /** ms. */
  deadlineMs: number = Infinity;
  private pingAtMs = Infinity;
  /** ms. When the peer was last heard. */
  heardAtMs = 0;
  private readonly keepAliveMs: number;

  constructor(timeoutMs: number, keepAliveMs: number, nowMs: number) {
    this.timeoutMs = timeoutMs;
    this.keepAliveMs = keepAliveMs;
    this.onHeard(nowMs);
  }

  /** ms. When there is something to do. */
  get nextAtMs(): number {
    return Math.min(this.deadlineMs, this.pingAtMs);
  }

  onHeard(nowMs: number): void {
    this.heardAtMs = nowMs;
    this.deadlineMs = nowMs + this.timeoutMs;
    this.pingAtMs = nowMs + this.keepAliveMs;
  }

  /** Whether a PING is due; then the next is so after the same time again. */
  takePing(nowMs: number): boolean {
    if (this.pingAtMs > nowMs) return false;
    this.pingAtMs = nowMs + this.keepAliveMs;
    return true;
  }

  excuse(nowMs: number): void {
    const excusedMs = Math.min(nowMs + GRACE_MS, this.heardAtMs + 2 * this.timeoutMs);
    this.deadlineMs = Math.max(this.deadlineMs, excusedMs);
  }

  /** No deadline any more: the connection is ending by itself. */
  stop(): void {
    this.deadlineMs = Infinity;
    this.pingAtMs = Infinity;
  }
}
