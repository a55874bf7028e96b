import type { ConnectionEvent } from "./connection-events.js";
import { type ConnectionState, isLegalTransition, isOpen, type TransitionCause } from "./connection-state.js";
import type { TraceSink } from "./trace.js";

/** The state that a connection is in, the one place where it changes, and what its owner has yet to be told. */
export class Lifecycle {
  state: ConnectionState;
  private readonly trace: TraceSink | undefined;
  /** Undefined when there are none, as nearly always: an empty list would be fetched to find that out. */
  private events: ConnectionEvent[] | undefined = undefined;

  constructor(state: ConnectionState, trace: TraceSink | undefined) {
    this.state = state;
    this.trace = trace;
  }

  /** The owner is to be told of it. */
  tell(event: ConnectionEvent): void {
    (this.events ??= []).push(event);
  }

  /** What the owner is to be told next. */
  takeEvent(): ConnectionEvent | undefined {
    if (this.events === undefined) return undefined;
    const event = this.events.shift();
    if (this.events.length === 0) this.events = undefined;
    return event;
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
