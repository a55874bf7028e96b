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

/** What `IdWindow.check` says of `id` as long as nothing was marked; for channels that nothing came on yet. */
export function unseenVerdict(policy: IdPolicy, id: number, firstId: number): IdVerdict {
  if (policy === "sliding") {
    const ahead = sequenceDistance(id, sequenceAdd(firstId, -ID_WINDOW));
    if (ahead >= ID_WINDOW) return "new";
    return ahead < 0 ? "old" : "duplicate";
  }
  const ahead = sequenceDistance(id, firstId);
  if (ahead < 0) return "duplicate";
  return ahead >= ID_WINDOW ? "beyond" : "new";
}

/**
 * A receiver's memory of the 16-bit message IDs of one channel, so that no message is delivered twice. Safe across the
 * wrap. `check` and `mark` are apart because a fragmented message is checked with each piece and marked when complete.
 */
export class IdWindow {
  private readonly policy: IdPolicy;
  /**
   * By ID modulo 1024: whether it was marked. Undefined until IDs come out of their order, as most never do. Then
   * nothing in a lossless window is marked, and everything in a sliding one.
   */
  private bits: Uint32Array | undefined = undefined;
  private lowest: number;

  /** @param firstId ID of the first message, 0..65535 */
  constructor(policy: IdPolicy, firstId: number = 0) {
    if (!Number.isInteger(firstId) || firstId < 0 || firstId > 0xffff) {
      throw new RangeError(`"firstId" expected 0..65535, got ${firstId}`);
    }
    this.policy = policy;
    // A sliding window ends just before the first ID; what lies in it was never sent and must not count as new.
    this.lowest = policy === "lossless" ? firstId : sequenceAdd(firstId, -ID_WINDOW);
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
    if (this.policy === "lossless") this.markLossless(id);
    else this.markSliding(id);
    return verdict;
  }

  private markLossless(id: number): void {
    if (this.bits === undefined) {
      if (id === this.lowest) {
        this.lowest = sequenceAdd(id, 1);
        return;
      }
      this.bits = new Uint32Array(WORDS);
    }
    this.setBit(id);
    while (this.isMarked(this.lowest)) {
      this.clearBits(1);
      this.lowest = sequenceAdd(this.lowest, 1);
    }
  }

  private markSliding(id: number): void {
    const steps = sequenceDistance(id, this.lowest) - (ID_WINDOW - 1);
    if (this.bits === undefined && steps > 1) this.bits = new Uint32Array(WORDS).fill(0xffff_ffff);
    if (steps > 0) {
      // IDs that come into the window take the places of those that leave it.
      this.clearBits(Math.min(steps, ID_WINDOW));
      this.lowest = sequenceAdd(this.lowest, steps);
    }
    this.setBit(id);
  }

  private setBit(id: number): void {
    const { bits } = this;
    if (bits !== undefined) bits[wordOf(id)] = (bits[wordOf(id)] as number) | (1 << (id & 31));
  }

  /** Takes the marks off `count` IDs (0..1024) from the lowest on, a word at a time. */
  private clearBits(count: number): void {
    const { bits } = this;
    if (bits === undefined) return;
    let at = this.lowest & (ID_WINDOW - 1);
    for (let left = count; left > 0;) {
      const first = at & 31;
      const width = Math.min(32 - first, left);
      const mask = width === 32 ? -1 : ((1 << width) - 1) << first;
      bits[at >>> 5] = (bits[at >>> 5] as number) & ~mask;
      at = (at + width) & (ID_WINDOW - 1);
      left -= width;
    }
  }

  private isMarked(id: number): boolean {
    const { bits } = this;
    if (bits === undefined) return this.policy === "sliding";
    return ((bits[wordOf(id)] as number) & (1 << (id & 31))) !== 0;
  }
}

function wordOf(id: number): number {
  return (id & (ID_WINDOW - 1)) >>> 5;
}
