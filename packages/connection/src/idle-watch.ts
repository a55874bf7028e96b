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
  /** ms. When the peer was last heard: all else follows from it, so that a packet changes one number. */
  heardAtMs = 0;
  readonly timeoutMs: number;
  private readonly keepAliveMs: number;
  private isStopped = false;
  /** ms. When a PING went since then. */
  private pingedAtMs: number | undefined = undefined;
  /** ms. Until when the silence since then is excused. */
  private excusedUntilMs: number | undefined = undefined;

  constructor(timeoutMs: number, keepAliveMs: number, nowMs: number) {
    this.timeoutMs = timeoutMs;
    this.keepAliveMs = keepAliveMs;
    this.heardAtMs = nowMs;
  }

  /** ms. When the peer is given up; Infinity once this has stopped. */
  get deadlineMs(): number {
    if (this.isStopped) return Infinity;
    const deadlineMs = this.heardAtMs + this.timeoutMs;
    return this.excusedUntilMs === undefined ? deadlineMs : Math.max(deadlineMs, this.excusedUntilMs);
  }

  /** ms. When there is something to do. */
  get nextAtMs(): number {
    const isSimple = this.pingedAtMs === undefined && this.excusedUntilMs === undefined && !this.isStopped;
    // Nearly always: the same without a number in a box for each of both.
    if (isSimple) return this.heardAtMs + Math.min(this.timeoutMs, this.keepAliveMs);
    return Math.min(this.deadlineMs, this.pingAtMs);
  }

  onHeard(nowMs: number): void {
    this.heardAtMs = nowMs;
    this.pingedAtMs = undefined;
    this.excusedUntilMs = undefined;
  }

  /** Whether a PING is due; then the next is so after the same time again. */
  takePing(nowMs: number): boolean {
    if (this.pingAtMs > nowMs) return false;
    this.pingedAtMs = nowMs;
    return true;
  }

  excuse(nowMs: number): void {
    const excusedMs = Math.min(nowMs + GRACE_MS, this.heardAtMs + 2 * this.timeoutMs);
    this.excusedUntilMs = Math.max(this.deadlineMs, excusedMs);
  }

  /** No deadline any more: the connection is ending by itself. */
  stop(): void {
    this.isStopped = true;
  }

  private get pingAtMs(): number {
    return this.isStopped ? Infinity : (this.pingedAtMs ?? this.heardAtMs) + this.keepAliveMs;
  }
}
