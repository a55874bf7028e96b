import type { ConnectError } from "./connect-error.js";
import { faultText } from "./fault-text.js";

/** Faults that are told apart, by their texts. One that fails at every datagram may have ever new words for it. */
const MAX_FAULTS = 16;

/**
 * What goes wrong while a client connects, and nobody can listen to it yet. It is logged once the attempt has ended,
 * as only then is known what its own error says, which is not said twice; what comes after that at once.
 */
export class AttemptFaults {
  readonly #log: (fields: object, message: string) => void;
  readonly #faults: Map<string, unknown> = new Map();
  #isOver = false;

  constructor(log: (fields: object, message: string) => void) {
    this.#log = log;
  }

  /** Takes a fault, once: not one that has the same text as another, and no more than 16. */
  add(error: unknown): void {
    const text = faultText(error);
    if (this.#faults.has(text) || this.#faults.size >= MAX_FAULTS) return;
    this.#faults.set(text, error);
    if (this.#isOver) this.#tell(error, text);
  }

  /** The attempt has ended. @param error what its caller is told, where it failed */
  end(error?: ConnectError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const told = error?.cause === undefined ? undefined : faultText(error.cause);
    for (const [text, fault] of this.#faults) if (text !== told) this.#tell(fault, text);
    if (told !== undefined) this.#faults.set(told, error?.cause);
  }

  #tell(err: unknown, text: string): void {
    this.#log({ err }, `while connecting: ${text}`);
  }
}
