import type { ClientMessage, ServerMessage } from "./messages.js";
import { type Route, ROUTES } from "./routes.js";

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
