/**
 * States of a connection that has keys, and its legal transitions (docs/PROTOCOL.md section 8).
 *
 * ```
 *  client: connecting ------ACCEPT------> connected --close()--> flushing --acked--> closing --reply, timer--> closed
 *              |                             |                       |
 *  server: awaiting-connect --CONNECT--> authenticating --accept()--> connected
 *
 *  any state --CLOSE received--> draining (one CLOSE in answer) --> closed
 *  any state --idle timeout--> draining (one CLOSE) --> closed
 *  any state --silence after a reset token--> closed
 * ```
 */
export type ConnectionState =
  "connecting" | "awaiting-connect" | "authenticating" | "connected" | "flushing" | "closing" | "draining" | "closed";

/**
 * What makes a connection change its state: the words that begin the events of the tables in docs/PROTOCOL.md sections
 * 8.1 and 8.2. A test replays recorded traces against those tables.
 */
export type TransitionCause =
  /** Server: CONNECT came. */
  | "connect"
  /** Client: ACCEPT came. Server: the application let the client in. */
  | "accept"
  /** The application closes, gives up or refuses. */
  | "close"
  /** The application closes, once reliable data is delivered. */
  | "flush"
  /** Reliable data was delivered, or the deadline for it has passed. */
  | "flushed"
  /** A CLOSE of the other side came. */
  | "close-received"
  /** The one CLOSE in answer, or after an idle timeout, is sent. */
  | "answered"
  /** No CLOSE came in answer, or the one in answer could not be sent. */
  | "unanswered"
  /** The other side broke the protocol. */
  | "violation"
  /** CONNECT or the decision on it took too long. */
  | "deadline"
  /** Nothing was heard for the idle timeout. */
  | "idle-timeout"
  /** Client: the server has proved that it lost the connection, and was heard no more. */
  | "reset"
  /** A usage limit of the keys or the last packet number was reached. */
  | "key-limit"
  /** The transport or the crypto provider is gone. */
  | "abort";

const TRANSITIONS: Record<ConnectionState, readonly ConnectionState[]> = {
  connecting: ["connected", "closing", "draining", "closed"],
  "awaiting-connect": ["authenticating", "closing", "draining", "closed"],
  authenticating: ["connected", "closing", "draining", "closed"],
  connected: ["flushing", "closing", "draining", "closed"],
  flushing: ["closing", "draining", "closed"],
  closing: ["closed"],
  draining: ["closed"],
  closed: [],
};

/** Whether the transition table allows `from` to become `to`. */
export function isLegalTransition(from: ConnectionState, to: ConnectionState): boolean {
  return TRANSITIONS[from].includes(to);
}

/** Whether the connection still takes packets apart. */
export function isOpen(state: ConnectionState): boolean {
  return state !== "closing" && state !== "draining" && state !== "closed";
}
