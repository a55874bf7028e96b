import type { DropReason } from "@sortie/connection";
import { TokenBucket } from "@sortie/reliability";
import type { ConnectionEntry } from "./connection-table.js";
import type { RateLimit } from "./prefix-limiter.js";

/** ms. Until then what has waited in the socket is read. */
const AFTER_HOLD_UP_MS = 250;

/**
 * What each client may have decrypted and handled. Beyond it packets are dropped unread, as if they had been lost: the
 * congestion control of an honest sender slows down, and a flood costs the server a look at its table for each.
 */
export class PacketLimit {
  private readonly limit: RateLimit | undefined;
  /** ms. Until when everything is opened. */
  private openUntilMs = -Infinity;

  /** @param limit packets; undefined: as many as come */
  constructor(limit: RateLimit | undefined) {
    this.limit = limit;
  }

  /** Whether the next packet of this connection is opened. */
  allows(entry: ConnectionEntry, nowMs: number): boolean {
    const { limit } = this;
    if (limit === undefined || nowMs < this.openUntilMs) return true;
    entry.allowance ??= new TokenBucket(limit.perSecond, limit.burst, nowMs);
    return entry.allowance.available(nowMs) >= 1;
  }

  /**
   * This process was held up. What waits in the socket came over all that time, and was no flood: the last of it may
   * be what clients said who gave up.
   */
  excuse(nowMs: number): void {
    this.openUntilMs = nowMs + AFTER_HOLD_UP_MS;
  }

  /** A packet was opened. Only the peer's own count: anybody can send one that does not authenticate, or an old one. */
  onOpened(entry: ConnectionEntry, dropped: DropReason | undefined, nowMs: number): void {
    if (entry.allowance === undefined || nowMs < this.openUntilMs || dropped === "authentication-failed") return;
    if (dropped !== "duplicate" && dropped !== "too-old") entry.allowance.take(1, nowMs);
  }
}
