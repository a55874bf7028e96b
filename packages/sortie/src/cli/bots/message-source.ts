import { Prng } from "@sortie/transport-memory";

/** bytes. Marks a message as one of this run, with the time at which it was sent: a number of 32 bits, and ms. */
export const STAMP_BYTES = 12;

/** Sizes of messages, uniformly in between. */
export interface SizeRange {
  readonly min: number;
  readonly max: number;
}

/** What the bots send: bytes that do not compress, with a stamp in front where echoes are to be known again. */
export class MessageSource {
  readonly #range: SizeRange;
  readonly #isStamped: boolean;
  readonly #random: Prng;
  readonly #buffer: Uint8Array;
  readonly #view: DataView;
  readonly #mark: number;

  /** @param isStamped needs sizes of `STAMP_BYTES` at least */
  constructor(range: SizeRange, isStamped: boolean, seed: number) {
    this.#range = range;
    this.#isStamped = isStamped;
    this.#random = new Prng(seed);
    this.#buffer = new Uint8Array(range.max);
    for (let at = 0; at < range.max; at++) this.#buffer[at] = this.#random.below(256);
    this.#view = new DataView(this.#buffer.buffer);
    this.#mark = this.#random.below(2 ** 32);
    if (isStamped) this.#view.setUint32(0, this.#mark);
  }

  /** 0..1, the next of the seed. */
  random(): number {
    return this.#random.float();
  }

  /** The next message: valid until the one after it. */
  next(nowMs: number): Uint8Array {
    const { min, max } = this.#range;
    const bytes = min === max ? max : min + this.#random.below(max - min + 1);
    if (this.#isStamped) this.#view.setFloat64(4, nowMs);
    return this.#buffer.subarray(0, bytes);
  }

  /** ms. When a message that came back was sent; undefined for any other message. */
  sentAtMs(payload: Uint8Array): number | undefined {
    if (!this.#isStamped || payload.length < STAMP_BYTES) return undefined;
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    return view.getUint32(0) === this.#mark ? view.getFloat64(4) : undefined;
  }
}
