/** s of a bot's messages whose echoes can be told apart: longer than a connection lives that hears nothing. */
const WINDOW_SECONDS = 60;
/** Messages, a power of two as every size of a window. */
const MIN_WINDOW = 256;
/** Where no echo is waited for. */
export const NO_WINDOW = 32;

/** Messages that a bot at this rate can be waiting for: 256..2^20, a power of two. */
export function windowFor(messagesPerSecond: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(MIN_WINDOW, messagesPerSecond * WINDOW_SECONDS)));
}

/**
 * Which of a bot's latest messages have come back: one bit for each, so that a run of any length takes no more memory.
 * What comes later than that is not counted.
 */
export class EchoWindow {
  readonly #words: Uint32Array;
  readonly #size: number;
  #sent = 0;

  /** @param size a power of two from 32 on */
  constructor(size: number) {
    this.#size = size;
    this.#words = new Uint32Array(size / 32);
  }

  /** Number of the next message: 0..2^32 - 1, and then 0 again. */
  get next(): number {
    return this.#sent >>> 0;
  }

  /** The next message is on its way; the oldest one of the window is given up. */
  onSent(): void {
    const { next } = this;
    this.#words[this.#wordOf(next)] = (this.#words[this.#wordOf(next)] as number) & ~bitOf(next);
    this.#sent += 1;
  }

  /** Whether this message was waited for: false when it has come before, was never sent or is too old. */
  take(sequence: number): boolean {
    const age = (this.#sent - sequence) >>> 0;
    if (age === 0 || age > Math.min(this.#sent, this.#size)) return false;
    const at = this.#wordOf(sequence);
    const word = this.#words[at] as number;
    if ((word & bitOf(sequence)) !== 0) return false;
    this.#words[at] = word | bitOf(sequence);
    return true;
  }

  #wordOf(sequence: number): number {
    return (sequence & (this.#size - 1)) >>> 5;
  }
}

function bitOf(sequence: number): number {
  return 1 << (sequence & 31);
}
