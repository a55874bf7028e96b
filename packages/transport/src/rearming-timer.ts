import type { Clock, TimerHandle } from "./clock.js";

/** One timer that is moved as deadlines move, and touches the clock only when they did. */
export class RearmingTimer {
  readonly #clock: Clock;
  readonly #callback: () => void;
  #handle: TimerHandle | undefined = undefined;

  constructor(clock: Clock, callback: () => void) {
    this.#clock = clock;
    this.#callback = callback;
  }

  /** Arms for `atMs`, monotonic ms; Infinity disarms. */
  arm(atMs: number): void {
    if (this.#handle !== undefined) {
      const armedMs = this.#handle.atMs;
      if (armedMs === atMs) return;
      // One that is due stays: arming it again would only push it back.
      const nowMs = this.#clock.now();
      if (armedMs <= nowMs && atMs <= nowMs) return;
    }
    this.disarm();
    if (atMs !== Number.POSITIVE_INFINITY) this.#handle = this.#clock.setTimer(atMs, this.#onTimer);
  }

  disarm(): void {
    if (this.#handle !== undefined) this.#clock.clearTimer(this.#handle);
    this.#handle = undefined;
  }

  readonly #onTimer = (): void => {
    this.#handle = undefined;
    this.#callback();
  };
}
