import type { DisconnectCode, DisconnectReason } from "@sortie/connection";

/** What the server says to a client that it does not let in, once keys are agreed. */
export type RefusalCode = Extract<DisconnectCode, "refused" | "server-full" | "shutting-down">;

/**
 * How else a handshake ends before there is a peer. "closed": the client ended it, whatever it gave as its reason, as
 * one does whose own time is up. "internal-error": `authenticate` threw, or a provider did. "handshake-timeout": it
 * took longer than `handshakeTimeoutMs`, as where `authenticate` gives no answer. "kicked": the address was blocked.
 */
export type HandshakeFailure = Exclude<DisconnectCode, RefusalCode | "server-restarted">;

/** Clients with which keys were agreed and that became no peers, by code: two closed lists, one counter each. */
export class RefusalCounters {
  private readonly refused: Record<RefusalCode, number> = { refused: 0, "server-full": 0, "shutting-down": 0 };
  private readonly failed: Record<HandshakeFailure, number> = {
    closed: 0,
    kicked: 0,
    timeout: 0,
    "handshake-timeout": 0,
    "protocol-error": 0,
    "flow-control": 0,
    "key-limit": 0,
    "internal-error": 0,
    network: 0,
  };

  /** Counts a half-open connection that ended; whether the server refused the client. */
  count({ code, by }: DisconnectReason): boolean {
    // The codes of a client's CLOSE are its own choice: it must not set off the alerts for what the server decides.
    const told = by === "remote" || code === "server-restarted" ? "closed" : code;
    if (told === "refused" || told === "server-full" || told === "shutting-down") {
      this.refused[told] += 1;
      return true;
    }
    this.failed[told] += 1;
    return false;
  }

  /** Copies of all counters. */
  snapshot(): { refused: Record<RefusalCode, number>; handshakesFailed: Record<HandshakeFailure, number> } {
    return { refused: { ...this.refused }, handshakesFailed: { ...this.failed } };
  }
}
