import type { ByteBudget, HeldShare, ShareOwner } from "./byte-budget.js";

/**
 * ms. What reliable data may wait for its missing part before others who need the memory may have it: three times the
 * default idle timeout, and longer than the default window takes on a line of 2 Mbit/s.
 */
const PATIENCE_MS = 30_000;

/**
 * What one endpoint holds of a budget that many share. An endpoint below its fair share, the budget divided by its
 * holders, gets what it needs from those above: first what they may lose, then the share of whoever has waited longest
 * for the rest of a message, if longer than 30 s. So nobody holds the budget against others for ever, and nobody is
 * disturbed as long as there is enough.
 */
export class BudgetShare implements HeldShare {
  private readonly budget: ByteBudget | undefined;
  readonly owner: ShareOwner;
  private charged = 0;

  /** @param budget undefined: only counts */
  constructor(budget: ByteBudget | undefined, owner: ShareOwner) {
    this.budget = budget;
    this.owner = owner;
  }

  /** bytes charged and not released. */
  get used(): number {
    return this.charged;
  }

  /** Charges all of `bytes` or nothing. */
  tryCharge(bytes: number): boolean {
    if (this.budget?.tryCharge(bytes) === false) return false;
    if (this.charged === 0 && bytes > 0) this.budget?.holders.add(this);
    this.charged += bytes;
    return true;
  }

  release(bytes: number): void {
    this.budget?.release(bytes);
    this.charged -= bytes;
    if (this.charged === 0) this.budget?.holders.delete(this);
  }

  /** Whether `bytes` more fit; makes room at the expense of others where that is fair. */
  makeRoom(bytes: number, nowMs: number): boolean {
    const { budget } = this;
    if (budget === undefined || budget.fits(bytes)) return true;
    const { holders } = budget;
    const fairBytes = budget.limit / (holders.size + (this.charged > 0 ? 0 : 1));
    if (this.charged + bytes > fairBytes) return false;
    for (const share of holders) {
      if (share.used > fairBytes) share.owner.dropLossy();
      if (budget.fits(bytes)) return true;
    }
    while (!budget.fits(bytes)) {
      let worst: HeldShare | undefined;
      let sinceMs = nowMs - PATIENCE_MS;
      for (const share of holders) {
        if (share.used <= fairBytes || share.owner.waitingSinceMs > sinceMs) continue;
        worst = share;
        sinceMs = share.owner.waitingSinceMs;
      }
      if (worst === undefined) return false;
      worst.owner.revoke();
    }
    return true;
  }
}
