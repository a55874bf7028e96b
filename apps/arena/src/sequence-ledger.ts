/**
 * Numbers behind the newest for which the ledger still knows whether they came. Sortie itself takes nothing that is
 * more than 1,024 messages (lossless modes) or packets (the others) behind, so that whatever turns up behind this
 * window is a fault in any case.
 */
const WINDOW = 4_096;
const MASK = WINDOW - 1;

/** What `SequenceLedger.record` says of a number. */
export type Arrival = "new" | "late" | "duplicate";

/**
 * Books the numbers of the messages that came in on one route from one sender, so that loss, duplication and disorder
 * are found by counting and not by trusting the layers below. Takes a fixed 4 KiB however many messages come.
 */
export class SequenceLedger {
  private readonly seen: Uint8Array = new Uint8Array(WINDOW);
  private readonly first: number;
  private newest: number;
  private distinctCount = 0;
  private duplicateCount = 0;
  private lateCount = 0;
  /** Numbers that the window has left behind without having seen them. */
  private lostBehind = 0;

  /** @param first - the number of the sender's first message; numbers below it count as duplicates. */
  constructor(first: number = 0) {
    this.first = first;
    this.newest = first - 1;
  }

  /** Different numbers that came. */
  get distinct(): number {
    return this.distinctCount;
  }

  /** Messages whose number had come before. */
  get duplicates(): number {
    return this.duplicateCount;
  }

  /** Messages that came after one with a higher number: nothing wrong on a route without order. */
  get late(): number {
    return this.lateCount;
  }

  /** Highest number that came; one below the first when none has. */
  get highest(): number {
    return this.newest;
  }

  /** Books one message. `number`: an integer of at least 0. */
  record(number: number): Arrival {
    if (number > this.newest) {
      this.slideTo(number);
      this.seen[number & MASK] = 1;
      this.distinctCount++;
      return "new";
    }
    if (number < this.first || number <= this.newest - WINDOW || this.seen[number & MASK] === 1) {
      this.duplicateCount++;
      return "duplicate";
    }
    this.seen[number & MASK] = 1;
    this.distinctCount++;
    this.lateCount++;
    return "late";
  }

  /**
   * How many numbers from the first up to, not including, `end` have not come. Exact unless `end` is more than a
   * window (4,096) behind the highest, and then never too low.
   */
  missingBelow(end: number): number {
    const windowStart = Math.max(this.first, this.newest + 1 - WINDOW);
    let missing = this.lostBehind;
    for (let number = windowStart; number <= this.newest && number < end; number++) {
      if (this.seen[number & MASK] === 0) missing++;
    }
    return missing + Math.max(0, end - 1 - this.newest);
  }

  private slideTo(number: number): void {
    const jump = number - this.newest;
    if (jump > WINDOW) {
      this.lostBehind = this.missingBelow(this.newest + 1) + jump - WINDOW;
      this.seen.fill(0);
    } else {
      // Each slot that is taken over belonged to the number one window earlier.
      for (let taken = this.newest + 1; taken <= number; taken++) {
        if (taken - WINDOW >= this.first && this.seen[taken & MASK] === 0) this.lostBehind++;
        this.seen[taken & MASK] = 0;
      }
    }
    this.newest = number;
  }
}
