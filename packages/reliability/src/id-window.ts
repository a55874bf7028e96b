import { sequenceAdd, sequenceDistance } from "@sortie/wire";

/** IDs that a window tells apart. Also the most that a sender may have unresolved above the lowest. */
export const ID_WINDOW = 1024;

/**
 * How far above the newest ID that was marked a sliding window still knows an ID as new; beyond it the circle of 16
 * bits makes it look old. A sender must not let more IDs pass without one of them being acknowledged.
 */
export const MAX_ID_LEAP: number = 0x7fff - (ID_WINDOW - 1);

/**
 * How a window moves. "lossless": every ID comes sooner or later; the window starts at the lowest ID that has not.
 * "sliding": IDs may never come; the window ends at the newest ID that did.
 */
export type IdPolicy = "lossless" | "sliding";

/**
 * What a window says of an ID. "new": not marked yet. "duplicate": marked. "old": below the window (sliding only), or
 * of a packet too old to tell (`PacketFloor`): to be refused because nobody knows. "beyond" (lossless only): above the
 * window, where no honest sender goes.
 */
export type IdVerdict = "new" | "duplicate" | "old" | "beyond";

const WORDS: number = ID_WINDOW / 32;

/**
 * A receiver's memory of the 16-bit message IDs of one channel, so that no message is delivered twice. Safe across the
 * wrap. `check` and `mark` are apart because a fragmented message is checked with each piece and marked when complete.
 */
export class IdWindow {
  private readonly policy: IdPolicy;
  /** By ID modulo 1024: whether it was marked. */
  private readonly bits = new Uint32Array(WORDS);
  private lowest: number;

  /** @param firstId ID of the first message, 0..65535 */
  constructor(policy: IdPolicy, firstId: number = 0) {
    if (!Number.isInteger(firstId) || firstId < 0 || firstId > 0xffff) {
      throw new RangeError(`"firstId" expected 0..65535, got ${firstId}`);
    }
    this.policy = policy;
    if (policy === "lossless") {
      this.lowest = firstId;
    } else {
      // The window ends just before the first ID; what lies in it was never sent and must not count as new.
      this.lowest = sequenceAdd(firstId, -ID_WINDOW);
      this.bits.fill(0xffff_ffff);
    }
  }

  /** Lowest ID of the window. Lossless: the lowest that was not marked; all before it were. */
  get base(): number {
    return this.lowest;
  }

  /** What is known of `id` (0..65535). Changes nothing. */
  check(id: number): IdVerdict {
    const ahead = sequenceDistance(id, this.lowest);
    if (ahead < 0) return this.policy === "lossless" ? "duplicate" : "old";
    if (ahead >= ID_WINDOW) return this.policy === "lossless" ? "beyond" : "new";
    return this.isMarked(id) ? "duplicate" : "new";
  }

  /**
   * Marks `id` (0..65535) when it is new, and moves the window.
   * @returns what `check` would have said before
   */
  mark(id: number): IdVerdict {
    const verdict = this.check(id);
    if (verdict !== "new") return verdict;
    if (this.policy === "sliding") this.slideTo(id);
    this.bits[wordOf(id)] = (this.bits[wordOf(id)] as number) | bitOf(id);
    if (this.policy === "lossless") {
      while (this.isMarked(this.lowest)) this.dropLowest();
    }
    return verdict;
  }

  /** Moves the window so that it ends at `id` or later. At most 1024 steps however far `id` leaps. */
  private slideTo(id: number): void {
    const steps = sequenceDistance(id, this.lowest) - (ID_WINDOW - 1);
    if (steps >= ID_WINDOW) {
      this.bits.fill(0);
      this.lowest = sequenceAdd(this.lowest, steps);
    } else {
      for (let i = 0; i < steps; i++) this.dropLowest();
    }
  }

  private dropLowest(): void {
    const word = wordOf(this.lowest);
    this.bits[word] = (this.bits[word] as number) & ~bitOf(this.lowest);
    this.lowest = sequenceAdd(this.lowest, 1);
  }

  private isMarked(id: number): boolean {
    return ((this.bits[wordOf(id)] as number) & bitOf(id)) !== 0;
  }
}

function wordOf(id: number): number {
  return (id & (ID_WINDOW - 1)) >>> 5;
}

function bitOf(id: number): number {
  return 1 << (id & 31);
}
