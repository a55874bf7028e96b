import { MAX_PACKET_NUMBER } from "@sortie/wire";

/** What a packet number means for a receiver. */
export type ReplayVerdict = "fresh" | "duplicate" | "too-old";

/** Packets below the largest that can still come late. docs/PROTOCOL.md section 5. */
export const REPLAY_WINDOW_PACKETS = 1024;

/** Ring of 32-bit words: twice the window, so that a word is cleared whole before any of its numbers are in use. */
const WORDS = 64;
const WORD_MASK = WORDS - 1;
const BITS_PER_WORD = 32;

/**
 * Which packet numbers have been received (RFC 4303 section 3.4.3, ring of words as in RFC 6479). `check` asks and
 * changes nothing; `accept` records, and only a packet whose tag verified may be accepted, so that a forged number
 * cannot move the window. Everything is compared by differences, and a leap of any size clears 64 words at most.
 */
export class ReplayWindow {
  readonly #words: Uint32Array = new Uint32Array(WORDS);
  #largest = -1;

  /** Highest number accepted, -1 at first. */
  get largest(): number {
    return this.#largest;
  }

  /** `packetNumber`: integer in 0..2^48-1; a number outside counts as too old. */
  check(packetNumber: number): ReplayVerdict {
    if (!(packetNumber >= 0 && packetNumber <= MAX_PACKET_NUMBER)) return "too-old";
    const behind = this.#largest - packetNumber;
    if (behind < 0) return "fresh";
    if (behind >= REPLAY_WINDOW_PACKETS) return "too-old";
    const word = this.#words[wordOf(packetNumber)] as number;
    return (word & bitOf(packetNumber)) === 0 ? "fresh" : "duplicate";
  }

  /**
   * Records a number that authenticated. A number below the window changes nothing.
   * Throws RangeError unless it is an integer in 0..2^48-1.
   */
  accept(packetNumber: number): void {
    if (!Number.isInteger(packetNumber) || packetNumber < 0 || packetNumber > MAX_PACKET_NUMBER) {
      throw new RangeError(`"packetNumber" expected 0..${MAX_PACKET_NUMBER}, got ${packetNumber}`);
    }
    const ahead = packetNumber - this.#largest;
    if (ahead > 0) {
      this.#advance(packetNumber);
    } else if (-ahead >= REPLAY_WINDOW_PACKETS) {
      return;
    }
    const at = wordOf(packetNumber);
    this.#words[at] = (this.#words[at] as number) | bitOf(packetNumber);
  }

  /** Clears the words between the old and the new largest number. */
  #advance(packetNumber: number): void {
    const from = Math.floor(this.#largest / BITS_PER_WORD);
    const steps = Math.min(Math.floor(packetNumber / BITS_PER_WORD) - from, WORDS);
    for (let i = 1; i <= steps; i++) this.#words[(from + i) & WORD_MASK] = 0;
    this.#largest = packetNumber;
  }
}

/** Bitwise operators take numbers modulo 2^32, which keeps the low bits that a power-of-two ring needs. */
function wordOf(packetNumber: number): number {
  return Math.floor(packetNumber / BITS_PER_WORD) & WORD_MASK;
}

function bitOf(packetNumber: number): number {
  return 1 << (packetNumber & (BITS_PER_WORD - 1));
}
