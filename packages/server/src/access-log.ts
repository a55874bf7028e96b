import type { SocketAddress } from "@sortie/transport";

/** One line of the access log. */
export interface AccessLogEntry {
  /**
   * "connect": became a peer. "disconnect": was a peer. "refuse": `authenticate` said no, or no slot was left.
   * "fail": the handshake ended otherwise.
   */
  readonly event: "connect" | "disconnect" | "refuse" | "fail";
  readonly address: SocketAddress;
  readonly sessionId: string;
  /** Peers only. */
  readonly peerId?: number;
  /** Code of the disconnect reason, for all but "connect". */
  readonly code?: string;
  readonly text?: string;
  /** ms as a peer, for "disconnect". */
  readonly durationMs?: number;
}
