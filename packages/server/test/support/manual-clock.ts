import type { Clock, TimerHandle } from "@sortie/transport";

interface ManualTimer extends TimerHandle {
  readonly callback: () => void;
}

/** A clock that a test moves by hand; timers run in the order of their times. */
export class ManualClock implements Clock {
  nowMs = 0;
  private readonly timers: Set<ManualTimer> = new Set();

  get armed(): number {
    return this.timers.size;
  }

  now(): number {
    return this.nowMs;
  }

  setTimer(atMs: number, callback: () => void): TimerHandle {
    const timer = { atMs, callback };
    this.timers.add(timer);
    return timer;
  }

  clearTimer(handle: TimerHandle): void {
    this.timers.delete(handle as ManualTimer);
  }

  defer(callback: () => void): void {
    callback();
  }

  /** Runs what is due up to `atMs`; callbacks may themselves move time on, as slow ones do. */
  runTo(atMs: number): void {
    for (;;) {
      let next: ManualTimer | undefined;
      for (const timer of this.timers) if (next === undefined || timer.atMs < next.atMs) next = timer;
      if (next === undefined || next.atMs > atMs) break;
      this.timers.delete(next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.callback();
    }
    this.nowMs = Math.max(this.nowMs, atMs);
  }

  /** Time passes while nothing runs: the process is held up. */
  block(ms: number): void {
    this.nowMs += ms;
  }
}
