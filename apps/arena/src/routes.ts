/**
 * How each kind of message travels: one channel for each of Sortie's five delivery modes, the same both ways. The
 * objects are what `send` and `broadcast` take as options.
 */
export const ROUTES = {
  /** Latency probes and their answers, tracers of bullets: worth nothing when late. */
  effects: { delivery: "unreliable", channel: 0, priority: 3 },
  /** Inputs up, snapshots down: only the newest counts. */
  states: { delivery: "sequenced", channel: 1, priority: 4 },
  /** Shots up, what became of them down: worth sending again, but not for long. */
  shots: { delivery: "bestEffort", channel: 2, priority: 5, expiresInMs: 500 },
  /** Claims and audits up; joins, leaves, hits, scores and answers down: all of them, in order. */
  events: { delivery: "ordered", channel: 3, priority: 6 },
  /** Chat both ways, pickups down: all of them, in any order. */
  notices: { delivery: "reliable", channel: 4, priority: 5 },
} as const;

export type Route = keyof typeof ROUTES;

/** In the order in which an audit lists them. */
export const ROUTE_NAMES: readonly Route[] = ["effects", "states", "shots", "events", "notices"];

/** The routes on which nothing may be lost. */
export const LOSSLESS_ROUTES: readonly Route[] = ["events", "notices"];
