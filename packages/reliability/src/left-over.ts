import type { OutgoingMessage } from "./outgoing-message.js";

/**
 * ms. Longest that an unreliable or sequenced message waits once a flush has left it over: six ticks of a 60 Hz game.
 * Longer waits than that are what the game's own smoothing cannot hide; much shorter ones would drop honest bursts.
 */
export const DEFAULT_MAX_WAIT_MS = 100;

/** Of the longest wait: flushes closer together than one of so many parts share a mark, so that marks stay few. */
const PARTS = 32;

/**
 * Since when messages wait that a flush left over. Their time begins there and not with `send`: before it nothing kept
 * them back but their owner, who was busy, and what goes with the first flush has not waited at all. A message's place
 * in the order of sends tells which flush left it over first, so that it needs no field for that.
 */
export class LeftOver {
  private readonly maxWaitMs: number;
  /** Messages below this place have waited for too long. */
  private staleBelow = 0;
  /** Those below this one were left over; the others have had no turn yet. */
  private endOrder = 0;
  /** Marks, the oldest first: up to which place a flush left over what none had before, and when that was. */
  private readonly orders: number[] = [];
  private readonly sinceMs: number[] = [];
  /** When the newest mark was made; what shares it may have moved it on. */
  private markedAtMs = -Infinity;

  constructor(maxWaitMs: number) {
    this.maxWaitMs = maxWaitMs;
  }

  /** Messages below this place in the order of sends were left over by a flush, those that are still here. */
  get below(): number {
    return this.endOrder;
  }

  /** How many marks there are, 33 at the most. */
  get marks(): number {
    return this.orders.length;
  }

  /** A flush at `nowMs` left over messages, all of them below `order`. */
  add(order: number, nowMs: number): void {
    if (order === this.endOrder) return;
    this.endOrder = order;
    this.passTime(nowMs);
    const { orders, sinceMs } = this;
    if (orders.length > 0 && nowMs - this.markedAtMs < this.maxWaitMs / PARTS) {
      // At the later time: none may wait for less than it is due.
      orders[orders.length - 1] = order;
      sinceMs[sinceMs.length - 1] = nowMs;
      return;
    }
    orders.push(order);
    sinceMs.push(nowMs);
    this.markedAtMs = nowMs;
  }

  /** Whether the message may be dropped, has no deadline of its own, and has waited for too long. */
  isStale(message: OutgoingMessage, nowMs: number): boolean {
    if (message.order >= this.endOrder || message.expiresAtMs !== Infinity) return false;
    this.passTime(nowMs);
    return message.order < this.staleBelow && !message.started && !message.retransmits;
  }

  private passTime(nowMs: number): void {
    const { orders, sinceMs } = this;
    while (sinceMs.length > 0 && (sinceMs[0] as number) + this.maxWaitMs <= nowMs) {
      this.staleBelow = orders.shift() as number;
      sinceMs.shift();
    }
  }
}
