/** ms. The longest that a busy transport keeps all its batches; after it something is wrong. */
const STARVED_AFTER_MS = 1000;
/** ms. Asked later than this after it was due, the process itself stood still, and the transport with it. */
const STOOD_STILL_MS = 1000;

/** Notices a transport that gives no batch any more: nothing is sent then, and nothing else would say why. */
export class Starvation {
  /** Monotonic ms. When to ask the transport again, to know; Infinity: nothing is to be found out. */
  dueAtMs: number = Number.POSITIVE_INFINITY;
  #isTold = false;

  /** The transport gave no batch. True once in each time of want, when that has lasted for a second. */
  onNone(nowMs: number): boolean {
    if (this.#isTold) return false;
    const isFirst = this.dueAtMs === Number.POSITIVE_INFINITY;
    if (isFirst || nowMs - this.dueAtMs > STOOD_STILL_MS) this.dueAtMs = nowMs + STARVED_AFTER_MS;
    if (nowMs < this.dueAtMs) return false;
    this.#isTold = true;
    this.dueAtMs = Number.POSITIVE_INFINITY;
    return true;
  }

  /** It gave one. */
  onSome(): void {
    this.#isTold = false;
    this.dueAtMs = Number.POSITIVE_INFINITY;
  }
}
