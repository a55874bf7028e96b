import { ClosedSeconds } from "./closed-seconds.js";

/** Tokens that expire in the same second. */
interface Expiring {
  readonly ids: string[];
  /** ms of the monotonic clock. All of them have expired by then. */
  untilMs: number;
}

/**
 * IDs of tokens that were used, each for as long as its token had to live, by a clock that is never set. Then the
 * second of its expiry is closed: no token that names it is taken any more, whatever the date says. So no ID is
 * forgotten as the date jumps ahead, no token revived as it is set back, and memory is bounded all the same.
 */
export class ConsumedTokens {
  readonly #max: number;
  readonly #ids: Set<string> = new Set();
  /** By the second of expiry. */
  readonly #bySecond: Map<number, Expiring> = new Map();
  readonly #closed = new ClosedSeconds();
  /** ms of the monotonic clock, before which there is nothing to forget. */
  #nextMs = Infinity;

  /** @param max IDs at once */
  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#ids.size;
  }

  /**
   * @param expiresAt whole seconds of Unix time, as the token says
   * @param remainingMs until the token is refused for its age
   * @param nowMs monotonic
   */
  consume(
    id: string,
    expiresAt: number,
    remainingMs: number,
    nowMs: number,
  ): "ok" | "used-twice" | "table-full" | "expired" {
    if (nowMs >= this.#nextMs) this.#forget(nowMs);
    if (this.#ids.has(id)) return "used-twice";
    if (this.#closed.has(expiresAt)) return "expired";
    if (this.#ids.size >= this.#max) return "table-full";
    this.#ids.add(id);
    const untilMs = nowMs + remainingMs;
    const together = this.#bySecond.get(expiresAt);
    if (together === undefined) {
      this.#bySecond.set(expiresAt, { ids: [id], untilMs });
    } else {
      together.ids.push(id);
      together.untilMs = Math.max(together.untilMs, untilMs);
    }
    this.#nextMs = Math.min(this.#nextMs, untilMs);
    return "ok";
  }

  #forget(nowMs: number): void {
    this.#nextMs = Infinity;
    for (const [second, { ids, untilMs }] of this.#bySecond) {
      if (untilMs > nowMs) {
        this.#nextMs = Math.min(this.#nextMs, untilMs);
        continue;
      }
      for (const id of ids) this.#ids.delete(id);
      this.#bySecond.delete(second);
      this.#closed.add(second);
    }
  }
}
