import type { FrameTiming } from "@sortie/connection";

/** ms. A longer frame is a hitch, or the last for a while: it says nothing of how much may go at once in the next. */
const LONGEST_FRAME_MS = 100;
/** Weight of a frame in the interval. */
const WEIGHT: number = 1 / 4;

/**
 * The time of a game's frames, which is the game's own: only how much of it passes is compared with the clock. Tells
 * how long frames are, and when in a frame something came that waited for its end.
 */
export class FrameClock implements FrameTiming {
  private beganAtMs = 0;
  private previousAtMs = 0;
  private clockMs = 0;
  private frames = 0;
  private interval = 0;
  /** ms by which the clock is ahead of what `arrivedAt` told last; below 0 where it is behind. */
  leadMs = 0;

  /** ms, 0..100. Mean of the last frames; 0 before the second. */
  get intervalMs(): number {
    return this.interval;
  }

  /**
   * A frame begins.
   * @param nowMs by the game's time, never less than before
   * @param clockMs by the clock
   */
  begin(nowMs: number, clockMs: number): void {
    this.previousAtMs = this.frames === 0 ? nowMs : this.beganAtMs;
    this.beganAtMs = nowMs;
    this.clockMs = clockMs;
    this.frames += 1;
    const frameMs = Math.min(nowMs - this.previousAtMs, LONGEST_FRAME_MS);
    if (this.frames === 2) this.interval = frameMs;
    else this.interval += WEIGHT * (frameMs - this.interval);
  }

  /**
   * ms of the game's time, where no frame has told it: it passes as the clock does.
   * @param clockMs by the clock
   */
  timeAt(clockMs: number): number {
    return this.beganAtMs + Math.max(clockMs - this.clockMs, 0);
  }

  /**
   * ms of the game's time, within the last frame. What waited is dated to when it came: round trips are those of the
   * path, and the server hears how long its packets waited here.
   * @param clockMs by the clock
   */
  arrivedAt(clockMs: number): number {
    const waitedMs = Math.max(this.clockMs - clockMs, 0);
    const arrivedAtMs = Math.max(this.beganAtMs - waitedMs, this.previousAtMs);
    this.leadMs = clockMs - arrivedAtMs;
    return arrivedAtMs;
  }
}
