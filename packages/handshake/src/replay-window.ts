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
  #largest = -1;
  /** The word of the largest number: packets in order need no other, and it lies in the object itself. */
  #newest = 0;
  /** All other words. */
  readonly #older: Uint32Array = new Uint32Array(WORDS);

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
    const word = behind <= placeOf(this.#largest) ? this.#newest : (this.#older[wordOf(packetNumber)] as number);
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
    const behind = this.#largest - packetNumber;
    if (behind >= REPLAY_WINDOW_PACKETS) return;
    if (behind < 0) this.#advance(packetNumber);
    if (behind <= placeOf(this.#largest)) {
      this.#newest |= bitOf(packetNumber);
    } else {
      const at = wordOf(packetNumber);
      this.#older[at] = (this.#older[at] as number) | bitOf(packetNumber);
    }
  }

  /** Makes a number the largest: where it lies in another word, clears those up to it. */
  #advance(packetNumber: number): void {
    const from = Math.floor(this.#largest / BITS_PER_WORD);
    const steps = Math.min(Math.floor(packetNumber / BITS_PER_WORD) - from, WORDS);
    this.#largest = packetNumber;
    if (steps === 0) return;
    this.#older[from & WORD_MASK] = this.#newest;
    this.#newest = 0;
    for (let i = 1; i <= steps; i++) this.#older[(from + i) & WORD_MASK] = 0;
  }
}

/** Bitwise operators take numbers modulo 2^32, which keeps the low bits that a power-of-two ring needs. */
function wordOf(packetNumber: number): number {
  return Math.floor(packetNumber / BITS_PER_WORD) & WORD_MASK;
}

/** Place in its word, 0..31. */
function placeOf(packetNumber: number): number {
  return packetNumber & (BITS_PER_WORD - 1);
}

function bitOf(packetNumber: number): number {
  return 1 << placeOf(packetNumber);
}
