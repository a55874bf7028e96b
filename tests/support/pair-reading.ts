import type { Connection, ConnectionEvent, DisconnectReason } from "@sortie/connection";
import type { InboundMessage } from "@sortie/reliability";

/** All events that wait. */
export function eventsOf(side: Connection): ConnectionEvent[] {
  const events: ConnectionEvent[] = [];
  for (let event = side.pollEvent(); event !== undefined; event = side.pollEvent()) events.push(event);
  return events;
}

/** Why the connection ended, when that is among the events that wait; all of them are taken. */
export function closeReason(side: Connection): DisconnectReason | undefined {
  for (const event of eventsOf(side)) if (event.type === "closed") return event.reason;
  return undefined;
}

/** All messages that wait. */
export function messagesOf(side: Connection): InboundMessage[] {
  const messages: InboundMessage[] = [];
  for (let message = side.pollMessage(); message !== undefined; message = side.pollMessage()) messages.push(message);
  return messages;
}

/** All messages that wait, as text. */
export function wordsOf(side: Connection): string[] {
  return messagesOf(side).map((message) => new TextDecoder().decode(message.payload));
}
