import type { ByteBudget, HeldShare, ShareOwner } from "./byte-budget.js";

/**
 * ms. What reliable data may wait for its missing part before others who need the memory may have it: three times the
 * default idle timeout, and longer than the default window takes on a line of 2 Mbit/s.
 */
const PATIENCE_MS = 30_000;

/** ms. What finds no room within a second does so because nothing moves, not because much comes at once. */
const TURN_AFTER_MS = 1000;

/** ms. A message of a mebibyte takes 8 s on a line of 1 Mbit/s. Whoever needs longer waits for another turn. */
const TURN_MS = 10_000;

/** ms. Who has not asked for so long has given up: a sender tries again after two seconds at the latest. */
const ASKS_EVERY_MS = 5000;

/** ms. How often, at the most, all holders are looked through for one to take from. */
const SEARCH_EVERY_MS = 250;

/** Of the budget: how far beyond it a turn may begin, for what came during earlier turns and is not complete yet. */
const LEEWAY: number = 1 / 8;

/** What an endpoint that found no room knows of its place in the queue. Most never need one. */
class QueuePlace {
  /** ms. Since when it is in the queue, and when it was refused last. */
  queuedAtMs: number;
  askedAtMs: number;
  /** ms. When its turn began; -Infinity: it has none. */
  turnSinceMs = -Infinity;
  /** ms. Its turn is for what was begun by then. */
  begunByMs = -Infinity;
  /** ms. When its last turn began, and the last for data that had none before. */
  lastTurnMs = -Infinity;
  graceSinceMs = -Infinity;
  /** Its turn is over, but too much is used for another to begin: it may bring what its messages lack, and no more. */
  isClearing = false;

  constructor(nowMs: number) {
    this.queuedAtMs = nowMs;
    this.askedAtMs = nowMs;
  }

  get hasTurn(): boolean {
    return this.turnSinceMs !== -Infinity;
  }

  /** @param waitingSinceMs of the endpoint */
  begin(waitingSinceMs: number, nowMs: number): void {
    if (waitingSinceMs > this.lastTurnMs) this.graceSinceMs = nowMs;
    this.lastTurnMs = nowMs;
    this.turnSinceMs = nowMs;
    // Whatever the packet at hand brings is begun too.
    this.begunByMs = nowMs;
    this.isClearing = false;
  }

  end(): void {
    this.turnSinceMs = -Infinity;
    this.begunByMs = -Infinity;
    this.isClearing = false;
  }
}

/**
 * What one endpoint holds of a budget that many share. When the budget is full:
 *
 * - An endpoint below its fair share, the budget divided by its holders, gets what it needs from those above: first
 *   what they may lose, then the share of whoever has waited longest for the rest of a message, if longer than 30 s.
 * - Who finds no room queues. The first may go beyond the budget, up to its own window, until what it held when its
 *   turn began is complete. Else all could hold parts of messages that nobody can finish.
 *
 * So nobody holds the budget against others for ever, and nobody is disturbed as long as there is enough.
 */
export class BudgetShare implements HeldShare {
  readonly owner: ShareOwner;
  private readonly budget: ByteBudget | undefined;
  private charged = 0;
  /** bytes. Room that others must leave for what the packet at hand brings. */
  private reserved = 0;
  private place: QueuePlace | undefined = undefined;

  /** @param budget undefined: only counts */
  constructor(budget: ByteBudget | undefined, owner: ShareOwner) {
    this.budget = budget;
    this.owner = owner;
  }

  /** bytes charged and not released. */
  get used(): number {
    return this.charged;
  }

  /** ms. What was begun by then may be finished beyond the budget; -Infinity when nothing may. */
  get mayFinishMs(): number {
    return this.place?.begunByMs ?? -Infinity;
  }

  /** Whether the budget has room for `bytes` without anybody giving way. */
  hasRoom(bytes: number): boolean {
    return this.budget === undefined || this.budget.fits(bytes);
  }

  /** For the packet at hand, which brings so much that must be kept: what may be lost leaves room for it. */
  reserve(bytes: number): void {
    this.reserved = bytes;
  }

  /** Charges all of `bytes`, for what may be lost, or nothing. */
  tryCharge(bytes: number): boolean {
    if (!this.hasRoom(bytes + this.reserved)) return false;
    this.add(bytes);
    return true;
  }

  /** Charges what must be kept: whether there is room was asked before (`makeRoom`, `takeTurn`). */
  charge(bytes: number): void {
    this.reserved = Math.max(0, this.reserved - bytes);
    this.add(bytes);
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
    if (this.charged + bytes > this.fairBytes(budget)) return false;
    return this.takeFromOthers(budget, budget.limit - bytes, nowMs);
  }

  /**
   * When `makeRoom` has found none for what must not be lost: whether it may go beyond the budget, as it is this
   * endpoint's turn.
   * @param finishes whether it is part of what was begun by `mayFinishMs`
   */
  takeTurn(nowMs: number, finishes: boolean): boolean {
    const { budget } = this;
    if (budget === undefined) return true;
    const place = this.queueUp(budget, nowMs);
    for (const first of budget.queue) {
      if (first === this) {
        return place.hasTurn ? this.goOn(budget, place, finishes, nowMs) : this.begin(budget, place, nowMs);
      }
      if (!first.givesWay(nowMs)) return false;
    }
    return false;
  }

  /** It wants nothing any more: its endpoint is at its end. */
  leave(): void {
    this.budget?.queue.delete(this);
    this.place?.end();
  }

  isSpared(nowMs: number): boolean {
    const { place } = this;
    return place !== undefined && place.hasTurn && nowMs - place.graceSinceMs < TURN_MS;
  }

  givesWay(nowMs: number): boolean {
    const { budget, place } = this;
    if (budget === undefined || place === undefined) return true;
    const isIdle = nowMs - place.askedAtMs >= ASKS_EVERY_MS;
    if (!place.hasTurn) {
      if (!isIdle) return false;
    } else {
      const hasFinished = this.hasFinished(place);
      if (!hasFinished && !isIdle && nowMs - place.turnSinceMs < TURN_MS) return false;
      if (!mayBegin(budget)) {
        place.isClearing = true;
        if (hasFinished) place.begunByMs = nowMs;
        if (nowMs - place.turnSinceMs < PATIENCE_MS) return false;
        if (this.charged > this.fairBytes(budget)) this.owner.revoke();
      }
    }
    this.leave();
    return true;
  }

  private queueUp({ queue }: ByteBudget, nowMs: number): QueuePlace {
    const place = (this.place ??= new QueuePlace(nowMs));
    // A place, or a turn, from another time: it has given up since, and nobody was there to notice.
    if (nowMs - place.askedAtMs >= ASKS_EVERY_MS) this.leave();
    place.askedAtMs = nowMs;
    if (!queue.has(this)) {
      queue.add(this);
      place.queuedAtMs = nowMs;
    }
    return place;
  }

  /** Whether all that its turn was for is complete. */
  private hasFinished(place: QueuePlace): boolean {
    return this.owner.waitingSinceMs > place.begunByMs;
  }

  private begin(budget: ByteBudget, place: QueuePlace, nowMs: number): boolean {
    if (nowMs - place.queuedAtMs < TURN_AFTER_MS) return false;
    if (!mayBegin(budget) && !this.takeFromOthers(budget, budget.limit * (1 + LEEWAY), nowMs)) return false;
    // It may have been itself who had to give.
    if (!budget.queue.has(this)) return false;
    place.begin(this.owner.waitingSinceMs, nowMs);
    return true;
  }

  private goOn(budget: ByteBudget, place: QueuePlace, finishes: boolean, nowMs: number): boolean {
    if (!this.hasFinished(place)) return finishes || !place.isClearing;
    if (!mayBegin(budget)) {
      place.begunByMs = nowMs;
      place.isClearing = true;
      return false;
    }
    // To the end of the queue, which may be its beginning.
    this.leave();
    budget.queue.add(this);
    return budget.queue.size === 1 && this.begin(budget, place, nowMs);
  }

  /** Brings the budget down to `mostUsed` at the expense of those above their share. False when that cannot be yet. */
  private takeFromOthers(budget: ByteBudget, mostUsed: number, nowMs: number): boolean {
    if (nowMs < budget.searchAgainAtMs) return false;
    const fairBytes = this.fairBytes(budget);
    for (const share of budget.holders) {
      if (share.used > fairBytes) share.owner.dropLossy();
      if (budget.used <= mostUsed) return true;
    }
    while (budget.used > mostUsed) {
      let worst: HeldShare | undefined;
      let sinceMs = Infinity;
      for (const share of budget.holders) {
        if (share.used <= fairBytes || share.isSpared(nowMs) || share.owner.waitingSinceMs >= sinceMs) continue;
        worst = share;
        sinceMs = share.owner.waitingSinceMs;
      }
      if (worst === undefined || nowMs - sinceMs < PATIENCE_MS) {
        budget.searchAgainAtMs = Math.min(sinceMs + PATIENCE_MS, nowMs + SEARCH_EVERY_MS);
        return false;
      }
      worst.owner.revoke();
    }
    return true;
  }

  private fairBytes(budget: ByteBudget): number {
    return budget.limit / (budget.holders.size + (this.charged > 0 ? 0 : 1));
  }

  private add(bytes: number): void {
    this.budget?.charge(bytes);
    if (this.charged === 0 && bytes > 0) this.budget?.holders.add(this);
    this.charged += bytes;
  }
}

/** Whether the budget is not so far used up that another turn would go beyond all bounds. */
function mayBegin({ used, limit }: ByteBudget): boolean {
  return used <= limit * (1 + LEEWAY);
}
