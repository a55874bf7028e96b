import type { SocketAddress } from "@sortie/transport";

/**
 * One line of the access log: of each client with which keys were agreed. Those that are turned away at their hello,
 * which costs a sender nothing, are counted alone, by the server's `stats`: `rejects` (who was told why), and
 * `drops` "not-accepting" (the server is full, or draining), "wrong-protocol", "wrong-version", "rate-limited",
 * "half-open-full" and "handshake-refused".
 */
export interface AccessLogEntry {
  /**
   * "connect": became a peer. "disconnect": was a peer. "refuse": `authenticate` said no, the last slot was taken while
   * it was asked, or the server began to shut down meanwhile. "fail": the handshake ended otherwise.
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
