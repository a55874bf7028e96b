import type { Clock, TimerHandle } from "./clock.js";

/**
 * One timer that is moved as deadlines move. Most of them are put off again and again, with each datagram: a timer that
 * is due earlier than wanted stays, and when it comes only sets out for the rest.
 */
export class RearmingTimer {
  readonly #clock: Clock;
  readonly #callback: () => void;
  #handle: TimerHandle | undefined = undefined;
  /** Monotonic ms. When the callback is wanted; `#handle` is due then or earlier. */
  #wantedMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, callback: () => void) {
    this.#clock = clock;
    this.#callback = callback;
  }

  /** Arms for `atMs`, monotonic ms; Infinity disarms. */
  arm(atMs: number): void {
    const armedMs = this.#handle?.atMs ?? Number.POSITIVE_INFINITY;
    this.#wantedMs = atMs;
    if (armedMs === atMs) return;
    if (atMs === Number.POSITIVE_INFINITY) return this.disarm();
    if (armedMs < atMs) return;
    // One that is due stays: arming it again would only push it back.
    if (armedMs !== Number.POSITIVE_INFINITY && armedMs <= this.#clock.now()) return;
    this.#start();
  }

  disarm(): void {
    this.#wantedMs = Number.POSITIVE_INFINITY;
    if (this.#handle !== undefined) this.#clock.clearTimer(this.#handle);
    this.#handle = undefined;
  }

  #start(): void {
    if (this.#handle !== undefined) this.#clock.clearTimer(this.#handle);
    this.#handle = this.#clock.setTimer(this.#wantedMs, this.#onTimer);
  }

  readonly #onTimer = (): void => {
    this.#handle = undefined;
    if (this.#wantedMs > this.#clock.now()) this.#start();
    else this.#callback();
  };
}
