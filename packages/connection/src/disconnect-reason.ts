import type { CloseCode } from "@sortie/wire";

/** Why a connection ended: a closed list. */
export type DisconnectCode =
  /** One side closed in good order. */
  | "closed"
  /** The server is shutting down. */
  | "shutting-down"
  /** `authenticate` refused the client. */
  | "refused"
  /** No slot was free when the client would have been accepted. */
  | "server-full"
  /** The server's application told the peer to go. */
  | "kicked"
  /** Nothing was heard from the other side for the idle timeout. */
  | "timeout"
  /** The handshake or `authenticate` took longer than its deadline. */
  | "handshake-timeout"
  /** A peer broke the protocol. */
  | "protocol-error"
  /** A peer sent more than the budget it had agreed to. */
  | "flow-control"
  /** An AEAD usage limit was reached (RFC 9001 section 6.6). */
  | "key-limit"
  /** An exception or a failed provider on the closing side. */
  | "internal-error"
  /** The server lost its state and proved it with this connection's reset token. */
  | "server-restarted"
  /** The transport was closed or failed for good. */
  | "network";

/** Told to both sides when a connection ends. */
export interface DisconnectReason {
  readonly code: DisconnectCode;
  /** Which side ended it, seen from here. */
  readonly by: "local" | "remote";
  /** For people: what happened, in a sentence or in the words the application gave. May be empty. */
  readonly text: string;
}

const CODES: readonly DisconnectCode[] = [
  "closed",
  "shutting-down",
  "refused",
  "server-full",
  "kicked",
  "protocol-error",
  "flow-control",
  "internal-error",
  "handshake-timeout",
  "key-limit",
];

/** The reason that a CLOSE frame of the other side states. */
export function reasonOfClose(code: CloseCode, text: string): DisconnectReason {
  return { code: CODES[code] ?? "protocol-error", by: "remote", text };
}

/** The reason that our own CLOSE states. */
export function reasonOfLocalClose(code: CloseCode, text: string): DisconnectReason {
  return { code: CODES[code] ?? "internal-error", by: "local", text };
}
