import { containRejection } from "./contain-rejection.js";
import { describeValue } from "./describe-value.js";
import type { DatagramTransport } from "./transport.js";

/** Asks a transport to receive, whatever mistakes that makes: a server asks in its ticks, which must go on. */
export class GuardedReceives {
  readonly #transport: DatagramTransport;
  readonly #onFault: (error: unknown) => void;
  /** The methods that gave no boolean, which is told once: they would again, many times a second. */
  readonly #told = new Set<string>();

  /** @param onFault hears what the transport threw, and of what it gives instead of a boolean. May throw */
  constructor(transport: DatagramTransport, onFault: (error: unknown) => void) {
    this.#transport = transport;
    this.#onFault = onFault;
  }

  /** See `DatagramTransport.receiveNow`; false where it is missing or fails. */
  receiveNow(): boolean {
    if (this.#transport.receiveNow === undefined) return false;
    return this.#ask("receiveNow", () => this.#transport.receiveNow?.());
  }

  /**
   * See `DatagramTransport.receiveSoon`; false where it is missing or fails. `done` is called once at the most, and not
   * after false was given: whoever goes on by both would do so twice.
   */
  receiveSoon(limitMs: number, done: () => void): boolean {
    if (this.#transport.receiveSoon === undefined) return false;
    let isDone = false;
    const once = (): void => {
      if (isDone) return;
      isDone = true;
      done();
    };
    if (this.#ask("receiveSoon", () => this.#transport.receiveSoon?.(limitMs, once)) || isDone) return true;
    isDone = true;
    return false;
  }

  #ask(name: "receiveNow" | "receiveSoon", call: () => unknown): boolean {
    let answer: unknown;
    try {
      answer = call();
    } catch (error) {
      this.#onFault(error);
      return false;
    }
    if (typeof answer === "boolean") return answer;
    containRejection(answer);
    if (this.#told.has(name)) return false;
    this.#told.add(name);
    const got = describeValue(answer);
    this.#onFault(new TypeError(`"transport" expected ${name}() to give a boolean, got ${got}`));
    return false;
  }
}
