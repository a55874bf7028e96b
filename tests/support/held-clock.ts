import type { Clock, TimerHandle } from "@sortie/transport";

interface HeldTimer extends TimerHandle {
  inner: TimerHandle;
}

/** A clock whose timers can be held up, as those of a process whose event loop is blocked. */
export class HeldClock implements Clock {
  private readonly clock: Clock;
  private heldUntilMs = -Infinity;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** No timer runs for the next `ms`. */
  hold(ms: number): void {
    this.heldUntilMs = this.now() + ms;
  }

  now(): number {
    return this.clock.now();
  }

  setTimer(atMs: number, callback: () => void): TimerHandle {
    const fire = (): void => {
      if (this.now() < this.heldUntilMs) timer.inner = this.clock.setTimer(this.heldUntilMs, fire);
      else callback();
    };
    const timer: HeldTimer = { atMs, inner: this.clock.setTimer(atMs, fire) };
    return timer;
  }

  clearTimer(handle: TimerHandle): void {
    this.clock.clearTimer((handle as HeldTimer).inner);
  }

  defer(callback: () => void): void {
    this.clock.defer(callback);
  }
}
