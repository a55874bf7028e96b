/** ms. */
export const WINDOW_MS = 60_000;
/** ms. Wait before the second replacement within a minute; each one more waits twice as long. */
const FIRST_DELAY_MS = 100;
/** ms. */
const LONGEST_DELAY_MS = 5000;

/** How often workers may be replaced, and how soon. */
export class RestartBudget {
  readonly #perMinute: number;
  /** When there was a replacement, within the last minute. */
  #times: number[] = [];

  /** @param perMinute 0 or more */
  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /**
   * Takes one replacement: ms to wait before it, 0 for the first in a minute; undefined when there were too many.
   * @param nowMs monotonic
   */
  take(nowMs: number): number | undefined {
    this.#times = this.#times.filter((at) => nowMs - at < WINDOW_MS);
    const before = this.#times.length;
    if (before >= this.#perMinute) return undefined;
    this.#times.push(nowMs);
    return before === 0 ? 0 : Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (before - 1));
  }
}
