import { DeliveryCode } from "@sortie/wire";
import type { BudgetShare } from "./budget-share.js";
import { retransmits } from "./delivery.js";
import { BEST_EFFORT_AGE_MS, UNRELIABLE_AGE_MS } from "./piece-lifetime.js";
import { Reassembler, type SharedBudget } from "./reassembler.js";

/** Caps of the messages that are put together. */
export interface ReassemblyLimits {
  /** bytes of unreliable and sequenced messages, overhead included. */
  readonly lossyBytes: number;
  readonly lossySets: number;
  /** bytes of all others, overhead included: bestEffort on one side, reliable and ordered on the other. */
  readonly windowBytes: number;
}

/**
 * The messages that are being put together: what is sent once, bestEffort, and what must not be lost each have a
 * reassembler of their own, made when their first piece comes. Most connections never need one.
 */
export class Reassembly {
  private lossy: Reassembler | undefined = undefined;
  private bestEffort: Reassembler | undefined = undefined;
  private lossless: Reassembler | undefined = undefined;
  private readonly limits: ReassemblyLimits;
  /** Of the budget of the process, charged as well. */
  readonly share: BudgetShare;

  constructor(limits: ReassemblyLimits, share: BudgetShare) {
    this.limits = limits;
    this.share = share;
  }

  /** Whose pieces go together with those of `delivery`. */
  of(delivery: DeliveryCode): Reassembler {
    return this.known(delivery) ?? this.create(delivery);
  }

  /** As `of`; undefined where no piece has come yet. */
  known(delivery: DeliveryCode): Reassembler | undefined {
    if (!retransmits(delivery)) return this.lossy;
    return delivery === DeliveryCode.BestEffort ? this.bestEffort : this.lossless;
  }

  /** Messages being put together. */
  get sets(): number {
    return (this.lossy?.sets ?? 0) + (this.bestEffort?.sets ?? 0) + (this.lossless?.sets ?? 0);
  }

  /** bytes, overhead included. */
  get chargedBytes(): number {
    return (this.lossy?.chargedBytes ?? 0) + (this.bestEffort?.chargedBytes ?? 0) + this.losslessBytes;
  }

  /** bytes, overhead included, of reliable and ordered messages. */
  get losslessBytes(): number {
    return this.lossless?.chargedBytes ?? 0;
  }

  /** ms. Since when the oldest reliable or ordered message is put together; Infinity when none is. */
  get losslessSinceMs(): number {
    return this.lossless?.oldestSinceMs ?? Infinity;
  }

  /** Sets given up for their age, or pushed out by newer ones. */
  get expiredSets(): number {
    return goneSets(this.lossy) + goneSets(this.bestEffort);
  }

  /** Sets given up because their pieces disagreed, of those that may be. */
  get mismatchedSets(): number {
    return (this.lossy?.mismatchedSets ?? 0) + (this.bestEffort?.mismatchedSets ?? 0);
  }

  /** ms; Infinity when nothing ages. */
  nextExpiryAt(): number {
    return Math.min(this.lossy?.nextExpiryAt() ?? Infinity, this.bestEffort?.nextExpiryAt() ?? Infinity);
  }

  expire(nowMs: number): void {
    this.lossy?.expire(nowMs);
    this.bestEffort?.expire(nowMs);
  }

  /** Drops what may be lost. */
  dropLossy(): void {
    this.lossy?.clear();
    this.bestEffort?.clear();
  }

  clear(): void {
    this.dropLossy();
    this.lossless?.clear();
  }

  private create(delivery: DeliveryCode): Reassembler {
    const { limits, share } = this;
    if (!retransmits(delivery)) {
      const [maxBytes, maxSets, maxAgeMs] = [limits.lossyBytes, limits.lossySets, UNRELIABLE_AGE_MS];
      const evictOldest = true;
      return (this.lossy = new Reassembler({ maxBytes, maxSets, maxAgeMs, evictOldest, processBudget: share }));
    }
    const [maxBytes, maxSets, processBudget] = [limits.windowBytes, Infinity, new KeptCharges(share)];
    if (delivery === DeliveryCode.BestEffort) {
      const [maxAgeMs, evictOldest, removesRanges] = [BEST_EFFORT_AGE_MS, true, true];
      const options = { maxBytes, maxSets, maxAgeMs, evictOldest, processBudget, removesRanges };
      return (this.bestEffort = new Reassembler(options));
    }
    const [maxAgeMs, evictOldest] = [Infinity, false];
    return (this.lossless = new Reassembler({ maxBytes, maxSets, maxAgeMs, evictOldest, processBudget }));
  }
}

/** Charges for pieces of a packet that was accepted: what it brings and its sender will hold for arrived is kept. */
class KeptCharges implements SharedBudget {
  private readonly share: BudgetShare;

  constructor(share: BudgetShare) {
    this.share = share;
  }

  tryCharge(bytes: number): boolean {
    this.share.charge(bytes);
    return true;
  }

  release(bytes: number): void {
    this.share.release(bytes);
  }
}

/** A number for each message that is put together. */
export function keyOf(delivery: DeliveryCode, channel: number, id: number): number {
  return (delivery << 24) | (channel << 16) | id;
}

function goneSets(reassembler: Reassembler | undefined): number {
  return reassembler === undefined ? 0 : reassembler.expiredSets + reassembler.evictedSets;
}
