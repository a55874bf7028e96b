import type { OutgoingMessage } from "./outgoing-message.js";

/** A rank, as far as it is asked here. */
interface LosingRank {
  /** The oldest message of it that waits to be sent again. */
  oldestLost(): OutgoingMessage | undefined;
}

/**
 * Ranks of the scheduler in which something waits to be sent again. What may not start, since the peer's windows or its
 * credit are used up, gives its turn to the oldest of that, whichever message keeps them: see docs/decisions/0117.
 */
export class LostRanks {
  private readonly ranks: readonly (LosingRank | undefined)[];
  /** Bit r: rank r may have something; as long as nothing is lost, nothing is looked for. */
  private occupied = 0;

  constructor(ranks: readonly (LosingRank | undefined)[]) {
    this.ranks = ranks;
  }

  /** Something that was lost joins the rank of this index. */
  add(index: number): void {
    this.occupied |= 1 << index;
  }

  /** The oldest message, in the order of sends, that waits to be sent again below the rank of this index. */
  oldestBelow(index: number): OutgoingMessage | undefined {
    let oldest: OutgoingMessage | undefined;
    for (let left = this.occupied & ((1 << index) - 1); left !== 0;) {
      const below = 31 - Math.clz32(left);
      left &= ~(1 << below);
      const lost = this.ranks[below]?.oldestLost();
      if (lost === undefined) this.occupied &= ~(1 << below);
      else if (oldest === undefined || lost.order < oldest.order) oldest = lost;
    }
    return oldest;
  }
}
