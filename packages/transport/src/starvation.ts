/** ms. The longest that a busy transport keeps all its batches; after it something is wrong. */
const STARVED_AFTER_MS = 1000;
/** ms. Asked later than this after it was due, the process itself stood still, and the transport with it. */
const STOOD_STILL_MS = 1000;

/** What to do about a transport that gave no batch. */
export type StarvationAdvice = "wait" | "ask-again" | "tell";

/** Notices a transport that gives no batch any more: nothing is sent then, and nothing else would say why. */
export class Starvation {
  /** Monotonic ms. When to ask the transport again, to know; Infinity: nothing is to be found out by then. */
  dueAtMs: number = Number.POSITIVE_INFINITY;
  #state: "fed" | "hungry" | "suspected" | "certain" | "told" = "fed";

  /** The last time it was asked the transport gave no batch. */
  get isHungry(): boolean {
    return this.#state !== "fed";
  }

  /**
   * The transport gave no batch. "ask-again", once, when that has lasted for a second: a process that stood still finds
   * that out before it hears what came back meanwhile, so that it has to wait for that, call `onTurns` and ask again.
   * "tell", once, where there was none then either.
   */
  onNone(nowMs: number): StarvationAdvice {
    if (this.#state === "certain") {
      this.#state = "told";
      return "tell";
    }
    if (this.#state === "suspected" || this.#state === "told") return "wait";
    if (this.#state === "fed" || nowMs - this.dueAtMs > STOOD_STILL_MS) this.dueAtMs = nowMs + STARVED_AFTER_MS;
    this.#state = "hungry";
    if (nowMs < this.dueAtMs) return "wait";
    this.#state = "suspected";
    this.dueAtMs = Number.POSITIVE_INFINITY;
    return "ask-again";
  }

  /** What was to be heard by the time of "ask-again" has been heard. */
  onTurns(): void {
    if (this.#state === "suspected") this.#state = "certain";
  }

  /** It gave one. */
  onSome(): void {
    this.#state = "fed";
    this.dueAtMs = Number.POSITIVE_INFINITY;
  }
}
