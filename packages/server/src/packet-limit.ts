import type { DropReason } from "@sortie/connection";
import { TokenBucket } from "@sortie/reliability";
import type { ConnectionEntry } from "./connection-table.js";
import type { RateLimit } from "./prefix-limiter.js";

/**
 * What each client may have decrypted and handled. Beyond it packets are dropped unread, as if they had been lost: the
 * congestion control of an honest sender slows down, and a flood costs the server a look at its table for each.
 */
export class PacketLimit {
  private readonly limit: RateLimit | undefined;

  /** @param limit packets; undefined: as many as come */
  constructor(limit: RateLimit | undefined) {
    this.limit = limit;
  }

  /** Whether the next packet of this connection is opened. */
  allows(entry: ConnectionEntry, nowMs: number): boolean {
    const { limit } = this;
    if (limit === undefined) return true;
    entry.allowance ??= new TokenBucket(limit.perSecond, limit.burst, nowMs);
    return entry.allowance.available(nowMs) >= 1;
  }

  /** A packet was opened. Only the peer's own count: anybody can send one that does not authenticate, or an old one. */
  onOpened(entry: ConnectionEntry, dropped: DropReason | undefined, nowMs: number): void {
    if (entry.allowance === undefined || dropped === "authentication-failed") return;
    if (dropped !== "duplicate" && dropped !== "too-old") entry.allowance.take(1, nowMs);
  }
}
