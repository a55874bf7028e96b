import { wasHeldUp } from "@sortie/connection";

/** ms, at most, for what came in time to be read. What is missing then, such as ACCEPT, takes a round trip more. */
const GRACE_MS = 1000;

/**
 * When an attempt to connect is over. Where nobody looked in time, as the thread was blocked or the game made no
 * frames, answers may wait in the socket: it is put off then, once, by as long as nobody looked, or 1000 ms.
 */
export class AttemptDeadline {
  /** ms. */
  atMs: number;
  /** ms. For how long nobody had looked when it was put off; 0 where it was not. */
  heldUpMs = 0;
  /** ms. When the time of the whole attempt is over; for some answers is waited not so long. */
  private endMs: number;

  constructor(endMs: number) {
    this.atMs = endMs;
    this.endMs = endMs;
  }

  /** Waits no longer than until then; the attempt's own end stays. */
  narrow(atMs: number): void {
    this.atMs = Math.min(this.endMs, atMs);
  }

  /** All of the attempt's time counts again. */
  widen(): void {
    this.atMs = this.endMs;
  }

  /**
   * Whether the time is up.
   * @param dueAtMs ms. What was to be done at this time, if not before, is about to be done now
   */
  isOver(nowMs: number, dueAtMs: number = this.atMs): boolean {
    if (this.heldUpMs === 0 && wasHeldUp(dueAtMs, nowMs)) this.putOff(nowMs - dueAtMs, nowMs);
    return nowMs >= this.atMs;
  }

  private putOff(heldUpMs: number, nowMs: number): void {
    const atMs = nowMs + Math.min(heldUpMs, GRACE_MS);
    if (atMs <= this.atMs) return;
    this.heldUpMs = heldUpMs;
    this.atMs = atMs;
    this.endMs = Math.max(this.endMs, atMs);
  }
}

/** To be put behind what the attempt failed by. @param heldUpMs ms, as the deadline has it */
export function heldUpText(heldUpMs: number, isPolled: boolean): string {
  if (heldUpMs === 0) return "";
  const what = isPolled ? "update was not called" : "this process was held up";
  return ` (${what} for ${Math.round(heldUpMs)} ms)`;
}
