/** What became of a packet number. */
export const SentState = {
  /** Never used, or so long ago that it is forgotten. */
  Unknown: 0,
  /** Ack-eliciting and in flight. */
  InFlight: 1,
  /** A probe of a path or of its MTU in flight: outside of congestion control and timeouts. */
  Probe: 2,
  /** Needs no acknowledgement (ACK alone). */
  Passive: 3,
  Acked: 4,
  /** Taken for lost because later packets arrived. */
  LostByOrder: 5,
  /** Taken for lost because it took too long. */
  LostByTime: 6,
  /** Taken for lost because its number falls out of what an ACK can state. */
  GivenUp: 7,
  /** Left out on purpose: who acknowledges it lies. */
  Skipped: 8,
} as const;
export type SentState = (typeof SentState)[keyof typeof SentState];

/** Taken for lost. */
export function isLost(state: SentState): boolean {
  return state === SentState.LostByOrder || state === SentState.LostByTime || state === SentState.GivenUp;
}

/** States of a packet that asked for an acknowledgement and has had none. */
export function isAwaited(state: SentState): boolean {
  return state === SentState.InFlight || state === SentState.Probe || isLost(state);
}
