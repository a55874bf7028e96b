/** Methods from inside which no receiver is called, not even that of another transport. */
export type QuietMethod = "open" | "acquireBatch" | "send";

/** Which of the transports' quiet methods are on the stack: those of all transports of a case. */
export class CallStack {
  readonly #methods: QuietMethod[] = [];

  /** The innermost of them, if any. */
  get inside(): QuietMethod | undefined {
    return this.#methods.at(-1);
  }

  /** Runs `call` as a part of this method. */
  during<T>(method: QuietMethod, call: () => T): T {
    this.#methods.push(method);
    try {
      return call();
    } finally {
      this.#methods.pop();
    }
  }
}
