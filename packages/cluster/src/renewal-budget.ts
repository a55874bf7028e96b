import { RestartBudget, WINDOW_MS } from "./restart-budget.js";

/**
 * How often workers that served and closed their servers may be replaced, and how soon. The first time within a minute
 * costs a worker nothing, so that all of them can be renewed in turn; whatever comes on top of that is one budget's for
 * all workers, so that a loop is stopped however many take part in it.
 */
export class RenewalBudget {
  readonly #perMinute: number;
  readonly #repeated: RestartBudget;
  /** When each worker was last renewed. */
  readonly #renewedAtMs: number[];

  /** @param perMinute 0 or more; with 0 there is no first time either */
  constructor(workers: number, perMinute: number) {
    this.#perMinute = perMinute;
    this.#repeated = new RestartBudget(perMinute);
    this.#renewedAtMs = new Array<number>(workers).fill(Number.NEGATIVE_INFINITY);
  }

  /**
   * Takes one replacement: ms to wait before it, 0 for a worker's first in a minute; undefined for one too many.
   * @param nowMs monotonic
   */
  take(worker: number, nowMs: number): number | undefined {
    const isFirst = nowMs - (this.#renewedAtMs[worker] as number) >= WINDOW_MS;
    this.#renewedAtMs[worker] = nowMs;
    return isFirst && this.#perMinute > 0 ? 0 : this.#repeated.take(nowMs);
  }
}
