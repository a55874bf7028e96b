import type { Clock, TimerHandle } from "@sortie/transport";
import { HeldClock } from "./held-clock.js";

/** The clock of a process that computes: meanwhile its time goes on, and none of its timers runs. */
export class BusyClock implements Clock {
  private readonly clock: Clock;
  private readonly held: HeldClock;
  private busyUntilMs = -Infinity;

  constructor(clock: Clock) {
    this.clock = clock;
    this.held = new HeldClock(clock);
  }

  /** The process computes for `ms`, within the callback that calls this. */
  work(ms: number): void {
    this.busyUntilMs = this.now() + ms;
    this.held.hold(this.busyUntilMs - this.clock.now());
  }

  now(): number {
    return Math.max(this.clock.now(), this.busyUntilMs);
  }

  setTimer(atMs: number, callback: () => void): TimerHandle {
    return this.held.setTimer(atMs, callback);
  }

  clearTimer(handle: TimerHandle): void {
    this.held.clearTimer(handle);
  }

  defer(callback: () => void): void {
    this.clock.defer(callback);
  }
}
