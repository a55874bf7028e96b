import type { Clock, TimerHandle } from "@sortie/transport";
import type { VirtualClock } from "@sortie/transport-memory";

/** The clock of one machine of a virtual network, which can be suspended: its time then leaps. */
export class ShiftedClock implements Clock {
  private readonly base: VirtualClock;
  private shiftMs = 0;
  private readonly timers: Map<TimerHandle, { handle: TimerHandle; atMs: number; callback: () => void }> = new Map();

  constructor(base: VirtualClock) {
    this.base = base;
  }

  now(): number {
    return this.base.now() + this.shiftMs;
  }

  setTimer(atMs: number, callback: () => void): TimerHandle {
    const timer: TimerHandle = { atMs };
    this.arm(timer, atMs, callback);
    return timer;
  }

  clearTimer(timer: TimerHandle): void {
    const armed = this.timers.get(timer);
    if (armed === undefined) return;
    this.timers.delete(timer);
    this.base.clearTimer(armed.handle);
  }

  defer(callback: () => void): void {
    this.base.defer(callback);
  }

  /** The machine wakes up `ms` later than it went to sleep: every timer that came due meanwhile runs at once. */
  leap(ms: number): void {
    this.shiftMs += ms;
    for (const [timer, { handle, atMs, callback }] of [...this.timers]) {
      this.base.clearTimer(handle);
      this.arm(timer, atMs, callback);
    }
  }

  private arm(timer: TimerHandle, atMs: number, callback: () => void): void {
    const handle = this.base.setTimer(Math.max(this.base.now(), atMs - this.shiftMs), () => {
      this.timers.delete(timer);
      callback();
    });
    this.timers.set(timer, { handle, atMs, callback });
  }
}
