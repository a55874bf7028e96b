import type { RoundTrips } from "../round-trips.js";

/** Pings that are waited for. The oldest are taken for lost, so that a run without end needs no more memory. */
export const MAX_WAITING = 1024;

/** A ping that came back. */
export interface PingAnswer {
  /** From 1. */
  readonly sequence: number;
  /** undefined where the answer was for several and gives no round trip of its own. */
  readonly rttMs: number | undefined;
  readonly text: string;
}

/** One way to measure a server, ping by ping. */
export interface Pinger {
  readonly sent: number;
  readonly answered: number;
  readonly roundTrips: RoundTrips;
  ping(): void;
  /** Resolves when each ping so far has its answer. */
  allAnswered(): Promise<void>;
}
