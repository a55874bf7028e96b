import type { DisconnectReason } from "@sortie/connection";
import type { AuthenticateCall } from "./authenticate-call.js";
import type { ConnectionEntry } from "./connection-table.js";

/** ms between two looks at whether places have come free: there may be thousands, and a flood asks for each hello. */
const LOOK_MS = 100;

/**
 * Calls of `authenticate` that have not answered. A client that goes while it is asked about keeps its place among the
 * half-open connections: one that hangs up at once and comes again would otherwise cause as many calls at once as it
 * gets handshakes, and not `maxHalfOpen`. The place is free when the call has answered, and at the latest when the
 * client could not have waited any longer: a call that never answers keeps nobody out for good.
 */
export class AuthenticateCalls {
  /** All that have not answered, however long ago they began. */
  pending = 0;
  /** Those whose client has gone, and when their places are free whatever they do (ms). */
  private readonly orphans: Map<ConnectionEntry, number> = new Map();
  private nextLookMs = -Infinity;

  begin(entry: ConnectionEntry, call: AuthenticateCall): void {
    entry.authenticateCall = call;
    this.pending += 1;
  }

  /** It has answered, or thrown. Once for each `begin`. */
  end(entry: ConnectionEntry): void {
    entry.authenticateCall = undefined;
    this.pending -= 1;
    this.orphans.delete(entry);
  }

  /** A client that is no peer has gone, or was given up. */
  onGone(entry: ConnectionEntry, reason: DisconnectReason): void {
    if (entry.authenticateCall === undefined) return;
    this.orphans.set(entry, entry.handshakeDeadlineMs);
    entry.authenticateCall.abandon(reason);
  }

  /** Half-open connections that there are no more, and whose places are taken all the same. */
  placesTaken(nowMs: number): number {
    const { orphans } = this;
    if (orphans.size > 0 && nowMs >= this.nextLookMs) {
      this.nextLookMs = nowMs + LOOK_MS;
      for (const [entry, untilMs] of orphans) if (untilMs <= nowMs) orphans.delete(entry);
    }
    return orphans.size;
  }
}
