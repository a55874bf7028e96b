import type { Clock } from "@sortie/transport";

/** Waits for what work brings about, and no longer than for a given time: one thing after another. */
export class AwaitedWork {
  readonly #clock: Clock;
  #look: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves as soon as `isDone`, or after `ms`. */
  async wait(ms: number, isDone: () => boolean = () => false): Promise<void> {
    if (isDone()) return;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.setTimer(this.#clock.now() + ms, resolve);
      this.#look = () => {
        if (!isDone()) return;
        this.#clock.clearTimer(timer);
        resolve();
      };
    });
    this.#look = () => undefined;
  }

  /** Some work was done: looks whether it was what is waited for. */
  onWork(): void {
    this.#look();
  }
}
