/**
 * States of a connection that has keys, and its legal transitions (docs/PROTOCOL.md section 8).
 *
 * ```
 *  client: connecting ------ACCEPT------> connected --close()--> flushing --acked--> closing --reply, timer--> closed
 *              |                             |                       |
 *  server: awaiting-connect --CONNECT--> authenticating --accept()--> connected
 *
 *  any state --CLOSE received--> draining (one CLOSE in answer) --> closed
 *  any state --idle timeout, reset token--> closed
 * ```
 */
export type ConnectionState =
  "connecting" | "awaiting-connect" | "authenticating" | "connected" | "flushing" | "closing" | "draining" | "closed";

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
