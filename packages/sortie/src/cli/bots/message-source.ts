import { Prng } from "@sortie/transport-memory";

/**
 * bytes. Marks a message as one of this run: a number of the run, of the bot and of its message, each of 32 bits, and
 * the time at which it was sent, in ms.
 */
export const STAMP_BYTES = 20;
const BOT_AT = 4;
const SEQUENCE_AT = 8;
const TIME_AT = 12;

/** Sizes of messages, uniformly in between. */
export interface SizeRange {
  readonly min: number;
  readonly max: number;
}

/** What a message says of itself. */
export interface Stamp {
  /** Number of the bot that sent it, 0..2^32 - 1. */
  readonly bot: number;
  /** Number among that bot's messages, 0..2^32 - 1. */
  readonly sequence: number;
  /** ms of the clock by which it was sent. */
  readonly sentAtMs: number;
}

/** What the bots send: bytes that do not compress, with a stamp in front where echoes are to be known again. */
export class MessageSource {
  /** Whether echoes are known again. */
  readonly isStamped: boolean;
  readonly #range: SizeRange;
  readonly #random: Prng;
  readonly #buffer: Uint8Array;
  readonly #view: DataView;
  readonly #mark: number;

  /** @param isStamped needs sizes of `STAMP_BYTES` at least */
  constructor(range: SizeRange, isStamped: boolean, seed: number) {
    this.#range = range;
    this.isStamped = isStamped;
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

  /** The bot's next message: valid until the one after it. */
  next(bot: number, sequence: number, nowMs: number): Uint8Array {
    const { min, max } = this.#range;
    const bytes = min === max ? max : min + this.#random.below(max - min + 1);
    if (this.isStamped) {
      this.#view.setUint32(BOT_AT, bot);
      this.#view.setUint32(SEQUENCE_AT, sequence);
      this.#view.setFloat64(TIME_AT, nowMs);
    }
    return this.#buffer.subarray(0, bytes);
  }

  /** Of a message of this run that came back; undefined for any other message. */
  stampOf(payload: Uint8Array): Stamp | undefined {
    if (!this.isStamped || payload.length < STAMP_BYTES) return undefined;
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    if (view.getUint32(0) !== this.#mark) return undefined;
    return {
      bot: view.getUint32(BOT_AT),
      sequence: view.getUint32(SEQUENCE_AT),
      sentAtMs: view.getFloat64(TIME_AT),
    };
  }
}
