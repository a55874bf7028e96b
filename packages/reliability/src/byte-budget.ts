import { expectNumber } from "./expect-number.js";

/** Who holds a share, and what can be done about it. */
export interface ShareOwner {
  /** ms. Since when reliable data waits for its missing part; Infinity when none does. */
  readonly waitingSinceMs: number;
  /** Frees what may be lost. */
  dropLossy(): void;
  /** Frees everything; the peer is to be told that it is over. */
  revoke(): void;
}

/** A share of the budget, as others see it. */
export interface HeldShare {
  readonly owner: ShareOwner;
  /** bytes charged and not released. */
  readonly used: number;
  /** Whether it must not be revoked now: it has just got its turn, and what it holds had none before. */
  isSpared(nowMs: number): boolean;
  /** Of the first in the queue: whether it leaves it to the next, having had its turn or no use for one. */
  givesWay(nowMs: number): boolean;
}

/**
 * A number of bytes that several holders share, such as the reassembly buffers of all peers of a process. Counts
 * only: whoever charged releases exactly as much.
 */
export class ByteBudget {
  /** bytes. */
  readonly limit: number;
  /** Shares that hold something. */
  readonly holders: Set<HeldShare> = new Set();
  /** Those that were refused more than their share, in the order in which they were first: who goes beyond next. */
  readonly queue: Set<HeldShare> = new Set();
  /** ms. Before then it is of no use to look for somebody to take from. */
  searchAgainAtMs: number = -Infinity;
  private charged = 0;

  /**
   * @param limitBytes at least 0; Infinity only counts
   * @throws RangeError when it is negative or NaN
   */
  constructor(limitBytes: number) {
    expectNumber("limitBytes", limitBytes, 0, Infinity);
    this.limit = limitBytes;
  }

  /** bytes charged and not released. */
  get used(): number {
    return this.charged;
  }

  /** Whether `bytes` more would fit. */
  fits(bytes: number): boolean {
    return bytes <= this.limit - this.charged;
  }

  /**
   * Charges all of `bytes` or nothing.
   * @returns whether they fit
   * @throws RangeError when `bytes` is negative or NaN
   */
  tryCharge(bytes: number): boolean {
    expectNumber("bytes", bytes, 0, Number.MAX_SAFE_INTEGER);
    if (!this.fits(bytes)) return false;
    this.charged += bytes;
    return true;
  }

  /**
   * Charges `bytes` whether they fit or not.
   * @throws RangeError when it is negative or NaN
   */
  charge(bytes: number): void {
    expectNumber("bytes", bytes, 0, Number.MAX_SAFE_INTEGER);
    this.charged += bytes;
  }

  /**
   * Gives back bytes that were charged.
   * @throws RangeError when that is more than is charged: the books of a holder are wrong
   */
  release(bytes: number): void {
    expectNumber("bytes", bytes, 0, this.charged);
    this.charged -= bytes;
  }
}
