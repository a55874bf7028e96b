import type { ClientMessage, ServerMessage } from "./messages.js";

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

const ROUTE_OF: Record<(ClientMessage | ServerMessage)["type"], Route> = {
  input: "states",
  shot: "shots",
  probe: "effects",
  chat: "notices",
  claim: "events",
  "audit-request": "events",
  welcome: "events",
  joined: "events",
  left: "events",
  placed: "events",
  hits: "events",
  scores: "events",
  "claim-result": "events",
  "audit-reply": "events",
  "chat-line": "notices",
  pickup: "notices",
  snapshot: "states",
  tracers: "effects",
  "probe-reply": "effects",
  "shot-result": "shots",
};

/** The route a message belongs to; undefined when it did not come by it. */
export function routeTaken(
  message: ClientMessage | ServerMessage,
  delivery: string,
  channel: number,
): Route | undefined {
  const route = ROUTE_OF[message.type];
  return ROUTES[route].delivery === delivery && ROUTES[route].channel === channel ? route : undefined;
}
