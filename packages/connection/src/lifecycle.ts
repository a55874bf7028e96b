import { type ConnectionState, isLegalTransition, isOpen, type TransitionCause } from "./connection-state.js";
import type { TraceSink } from "./trace.js";

/** The state that a connection is in, and the one place where it changes. */
export class Lifecycle {
  state: ConnectionState;
  private readonly trace: TraceSink | undefined;

  constructor(state: ConnectionState, trace: TraceSink | undefined) {
    this.state = state;
    this.trace = trace;
  }

  /** Whether the connection still takes packets apart. */
  get isOpen(): boolean {
    return isOpen(this.state);
  }

  /** Whether the peer is followed to other addresses; to the end, as it is to hear of that. */
  get followsPeer(): boolean {
    const { state } = this;
    return state === "connected" || state === "flushing" || state === "closing";
  }

  /** @throws Error for a transition that is not in the table: a fault of our own code */
  become(state: ConnectionState, cause: TransitionCause, nowMs: number): void {
    const from = this.state;
    if (!isLegalTransition(from, state)) throw new Error(`connection cannot go from ${from} to ${state}`);
    this.state = state;
    this.trace?.({ type: "state", atMs: nowMs, from, to: state, cause });
  }
}
