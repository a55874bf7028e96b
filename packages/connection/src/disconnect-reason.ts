import { type CloseCode, decodeUtf8, encodeUtf8Limited, MAX_CLOSE_TEXT_BYTES } from "@sortie/wire";
import { describeValue } from "./describe-value.js";

/** Why a connection ended: a closed list. */
export const DISCONNECT_CODES = [
  /** One side closed in good order. */
  "closed",
  /** The server is shutting down. */
  "shutting-down",
  /** `authenticate` refused the client. */
  "refused",
  /** No slot was free when the client would have been accepted. */
  "server-full",
  /** The server's application told the peer to go. */
  "kicked",
  /** The side that `by` names heard nothing from the other one for the idle timeout. */
  "timeout",
  /** The handshake or `authenticate` took longer than its deadline. */
  "handshake-timeout",
  /** A peer broke the protocol. */
  "protocol-error",
  /** A peer sent more than the budget it had agreed to. */
  "flow-control",
  /** An AEAD usage limit was reached (RFC 9001 section 6.6). */
  "key-limit",
  /** An exception or a failed provider on the closing side. */
  "internal-error",
  /**
   * The server knows this connection no longer, and proved it with the connection's reset token: it restarted, or gave
   * the connection up, as it does when it hears nothing for the idle timeout.
   */
  "server-restarted",
  /** The transport was closed or failed for good. */
  "network",
] as const;

export type DisconnectCode = (typeof DISCONNECT_CODES)[number];

/** Told to both sides when a connection ends. */
export interface DisconnectReason {
  readonly code: DisconnectCode;
  /** Which side ended it, seen from here. */
  readonly by: "local" | "remote";
  /** For people: what happened, in the words that the application gave, or in a sentence. Never empty. */
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
  "timeout",
];

/** What is said where neither the application nor Sortie gave words for it. */
const DEFAULT_TEXTS: Readonly<Record<DisconnectCode, string>> = {
  closed: "closed by the application",
  "shutting-down": "the server is shutting down",
  refused: "the server refused the client",
  "server-full": "the server is full",
  kicked: "the server told the client to go",
  timeout: "nothing was heard for too long",
  "handshake-timeout": "the handshake took too long",
  "protocol-error": "the protocol was broken",
  "flow-control": "more was sent than was agreed to",
  "key-limit": "the usage limit of the keys was reached",
  "internal-error": "an internal error",
  "server-restarted": "the server knows this connection no longer: it restarted, or gave the connection up",
  network: "the network is gone",
};

/** The reason with words, should it have none. */
function reasonOf(code: DisconnectCode, by: DisconnectReason["by"], text: string): DisconnectReason {
  return { code, by, text: text === "" ? DEFAULT_TEXTS[code] : text };
}

/**
 * The reason that a CLOSE frame of the other side states. A code of a later version says no more than that it closed
 * (docs/PROTOCOL.md section 5.8): nobody here broke anything.
 * @param code 0..255
 */
export function reasonOfClose(code: number, text: string): DisconnectReason {
  const known = CODES[code];
  if (known !== undefined) return reasonOf(known, "remote", text);
  return reasonOf("closed", "remote", text === "" ? `closed with code ${code}` : text);
}

/** The reason that our own CLOSE states, its text cut as it is there: both sides and all logs are told the same. */
export function reasonOfLocalClose(code: CloseCode, text: string): DisconnectReason {
  return reasonOf(CODES[code] ?? "internal-error", "local", asInClose(text));
}

/** What is said when the server proved that it has no such connection, and was heard no more. */
export const LOST_BY_SERVER: DisconnectReason = reasonOf("server-restarted", "remote", "");

/** @param timeoutMs ms for which nothing was heard */
export function reasonOfSilence(timeoutMs: number): DisconnectReason {
  return { code: "timeout", by: "local", text: `nothing heard for ${timeoutMs} ms` };
}

/**
 * What is told on this side alone of a connection that an exception ended: out of a congestion controller, a crypto
 * provider, or Sortie itself. Its message says which, and is cut as other reasons are.
 */
export function reasonOfFault(error: unknown): DisconnectReason {
  const message = error instanceof Error ? error.message || error.name : describeValue(error);
  return reasonOf("internal-error", "local", asInClose(`an exception: ${message}`));
}

function asInClose(text: string): string {
  return decodeUtf8(encodeUtf8Limited(text, MAX_CLOSE_TEXT_BYTES));
}
