import { wasHeldUp } from "@sortie/connection";

/** ms, at most, for what came in time to be read. What is missing then, such as ACCEPT, takes a round trip more. */
const GRACE_MS = 1000;

/**
 * When an attempt to connect is over. Where nobody looked in time, as the thread was blocked or the game made no
 * frames, answers may wait in the socket: it is put off then, once, by as long as nobody looked, or 1000 ms. A narrowed
 * time is put off for itself, never beyond the attempt's end, and leaves that what the end may be put off by.
 */
export class AttemptDeadline {
  /** ms. When the time of the whole attempt is over. */
  private endMs: number;
  /** ms. For how long nobody had looked when the end was put off; 0 where it was not. */
  private endHeldUpMs = 0;
  /** ms. For some answers is waited no longer than until then; Infinity where all of the time counts. */
  private narrowedMs = Infinity;
  /** ms. As `endHeldUpMs`. */
  private narrowedHeldUpMs = 0;

  constructor(endMs: number) {
    this.endMs = endMs;
  }

  /** ms. */
  get atMs(): number {
    return Math.min(this.endMs, this.narrowedMs);
  }

  /** ms. For how long nobody had looked when what counts now was put off; 0 where it was not. */
  get heldUpMs(): number {
    return this.narrowedMs < this.endMs ? this.narrowedHeldUpMs : this.endHeldUpMs;
  }

  /** Waits no longer than until then; the attempt's own end stays. */
  narrow(atMs: number): void {
    this.narrowedMs = atMs;
    this.narrowedHeldUpMs = 0;
  }

  /** All of the attempt's time counts again. */
  widen(): void {
    this.narrow(Infinity);
  }

  /**
   * Whether the time is up.
   * @param dueAtMs ms. What was to be done at this time, if not before, is about to be done now
   */
  isOver(nowMs: number, dueAtMs: number = this.atMs): boolean {
    if (wasHeldUp(dueAtMs, nowMs)) this.putOff(nowMs - dueAtMs, nowMs);
    return nowMs >= this.atMs;
  }

  private putOff(heldUpMs: number, nowMs: number): void {
    const atMs = nowMs + Math.min(heldUpMs, GRACE_MS);
    if (this.endHeldUpMs === 0 && atMs > this.endMs) {
      this.endHeldUpMs = heldUpMs;
      this.endMs = atMs;
    }
    if (this.narrowedHeldUpMs === 0 && atMs > this.narrowedMs) {
      this.narrowedHeldUpMs = heldUpMs;
      this.narrowedMs = atMs;
    }
  }
}

/** To be put behind what the attempt failed by. @param heldUpMs ms, as the deadline has it */
export function heldUpText(heldUpMs: number, isPolled: boolean): string {
  if (heldUpMs === 0) return "";
  const what = isPolled ? "update was not called" : "this process was held up";
  return ` (${what} for ${Math.round(heldUpMs)} ms)`;
}
