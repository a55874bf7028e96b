/** ms. A deadline served later than this says that the process was held up: blocked, suspended, starved of CPU. */
const HELD_UP_MS = 250;
/** ms given to a peer that may have spoken while nobody listened. */
const GRACE_MS = 1000;
/** Probe timeouts in which a server must be heard after a reset: for the PING, and for the probes that follow it. */
const DOUBT_PROBE_TIMEOUTS = 2;
/** ms. At least so long: a server that is held up for a moment has not lost anything. */
const MIN_DOUBT_MS = 250;
/** ms. At most so long: who acknowledges late drives the probe timeout up to minutes. */
const MAX_DOUBT_MS = 4000;

/**
 * Whether deadlines are served so late that packets which came in time may still wait in the socket.
 * @param usualMs how late the owner serves them when all is well: the interval of its ticks
 */
export function wasHeldUp(nextDeadlineMs: number, nowMs: number, usualMs: number = 0): boolean {
  return nowMs - nextDeadlineMs > HELD_UP_MS + usualMs;
}

/**
 * When a silent peer is asked for a word, and when it is given up: after the timeout, or soon, once a reset has said
 * that it knows nothing of us. A process that was held up serves its timers before it reads what has arrived meanwhile:
 * silence that it could not have heard through is excused, though never for longer than the timeout itself.
 */
export class IdleWatch {
  /** ms. When the peer was last heard: all else follows from it, so that a packet changes one number. */
  heardAtMs: number;
  /** Whether nothing but that counts, as nearly always: no PING, excuse or doubt since then, and no end. */
  private isPlain: boolean;
  /** Highest number of a packet that was refused; it may come again and again. */
  refusedNumber: number;
  /** ms. The shorter of both times below. */
  private readonly shortestMs: number;
  readonly timeoutMs: number;
  private readonly keepAliveMs: number;
  private isStopped: boolean;
  /** ms. When a PING went since then. */
  private pingedAtMs: number | undefined;
  /** ms. Until when the silence since then is excused. */
  private excusedUntilMs: number | undefined;
  /** ms. When the peer is taken to have lost the connection, unless it is heard before. */
  private doubtEndsAtMs: number | undefined;

  constructor(timeoutMs: number, keepAliveMs: number, nowMs: number) {
    // In the order in which V8 is to lay them out: what every packet needs side by side.
    this.heardAtMs = nowMs;
    this.isPlain = true;
    this.refusedNumber = -1;
    this.shortestMs = Math.min(timeoutMs, keepAliveMs);
    this.timeoutMs = timeoutMs;
    this.keepAliveMs = keepAliveMs;
    this.isStopped = false;
    this.pingedAtMs = undefined;
    this.excusedUntilMs = undefined;
    this.doubtEndsAtMs = undefined;
  }

  /** ms. When the peer is given up; Infinity once this has stopped. */
  get deadlineMs(): number {
    if (this.isStopped) return Infinity;
    const deadlineMs = this.heardAtMs + this.timeoutMs;
    return this.excusedUntilMs === undefined ? deadlineMs : Math.max(deadlineMs, this.excusedUntilMs);
  }

  /** ms. When there is something to do. */
  get nextAtMs(): number {
    if (this.isPlain) return this.heardAtMs + this.shortestMs;
    return Math.min(this.deadlineMs, this.pingAtMs, this.doubtEndsAtMs ?? Infinity);
  }

  onHeard(nowMs: number): void {
    this.heardAtMs = nowMs;
    if (this.isPlain) return;
    this.isPlain = !this.isStopped;
    this.pingedAtMs = undefined;
    this.excusedUntilMs = undefined;
    this.doubtEndsAtMs = undefined;
  }

  /**
   * An authentic packet came for which there is no room: the replay window does not remember it, and anybody can send
   * it again. Only one with a higher number than all before says that the peer is there: then the answer is true.
   * @param isNewest whether its number is above those of all packets that were accepted
   */
  onRefused(packetNumber: number, isNewest: boolean, nowMs: number): boolean {
    if (!isNewest || packetNumber <= this.refusedNumber) return false;
    this.refusedNumber = packetNumber;
    this.onHeard(nowMs);
    return true;
  }

  /**
   * Somebody says that the peer lost the connection: it has a few probe timeouts to be heard. False when that was
   * known; then its time does not change. Else it is to be asked for a word now.
   */
  doubt(nowMs: number, probeTimeoutMs: number): boolean {
    if (this.doubtEndsAtMs !== undefined || this.isStopped) return false;
    this.isPlain = false;
    this.doubtEndsAtMs = nowMs + doubtMs(probeTimeoutMs);
    return true;
  }

  /** Whether the peer was doubted, and was not heard since in the time that it had. */
  isLost(nowMs: number): boolean {
    return this.doubtEndsAtMs !== undefined && this.doubtEndsAtMs <= nowMs;
  }

  /** Whether a PING is due; then the next is so after the same time again. */
  takePing(nowMs: number): boolean {
    if (this.pingAtMs > nowMs) return false;
    this.isPlain = false;
    this.pingedAtMs = nowMs;
    return true;
  }

  excuse(nowMs: number): void {
    const excusedMs = Math.min(nowMs + GRACE_MS, this.heardAtMs + 2 * this.timeoutMs);
    this.isPlain = false;
    this.excusedUntilMs = Math.max(this.deadlineMs, excusedMs);
    if (this.doubtEndsAtMs !== undefined) this.doubtEndsAtMs = Math.max(this.doubtEndsAtMs, nowMs + MIN_DOUBT_MS);
  }

  /** No deadline any more: the connection is ending by itself. */
  stop(): void {
    this.isPlain = false;
    this.isStopped = true;
    this.doubtEndsAtMs = undefined;
  }

  private get pingAtMs(): number {
    return this.isStopped ? Infinity : (this.pingedAtMs ?? this.heardAtMs) + this.keepAliveMs;
  }
}

function doubtMs(probeTimeoutMs: number): number {
  return Math.min(Math.max(DOUBT_PROBE_TIMEOUTS * probeTimeoutMs, MIN_DOUBT_MS), MAX_DOUBT_MS);
}
