import { ROUTE_NAMES, type Route } from "../routes.js";
import type { MessageReader } from "./message-reader.js";
import { MessageType } from "./message-type.js";
import type { MessageWriter } from "./message-writer.js";

/** Messages sent, by route. */
export type SentCounts = Record<Route, number>;

/** What came in on one route. */
export interface ReceivedCount {
  /** Messages with different numbers. */
  readonly distinct: number;
  /** Messages whose number had come before. */
  readonly duplicates: number;
  /** Messages that came after one with a higher number. */
  readonly late: number;
  /** Numbers below what the sender says it sent that did not come. */
  readonly missing: number;
}

/** Messages received, by route. */
export type ReceivedCounts = Record<Route, ReceivedCount>;

/**
 * Client to server, on events: type | number (4) | sent, by route (5 x 4), this request included. It is the client's
 * last event and no notice follows it.
 */
export interface AuditRequestMessage {
  readonly type: "audit-request";
  readonly number: number;
  readonly sent: SentCounts;
}

/**
 * Server to client, on events: type | number (4) | for each route: sent to this client up to this reply, itself
 * included (4), then distinct, duplicates, late and missing of what came from it (4 x 4).
 */
export interface AuditReplyMessage {
  readonly type: "audit-reply";
  readonly number: number;
  readonly sent: SentCounts;
  readonly received: ReceivedCounts;
}

export function encodeAuditRequest(writer: MessageWriter, number: number, sent: SentCounts): Uint8Array {
  writer.begin(MessageType.AuditRequest).u32(number);
  for (const route of ROUTE_NAMES) writer.u32(sent[route]);
  return writer.finish();
}

export function decodeAuditRequest(reader: MessageReader): AuditRequestMessage {
  return { type: "audit-request", number: reader.u32(), sent: byRoute(() => reader.u32()) };
}

export function encodeAuditReply(
  writer: MessageWriter,
  number: number,
  sent: SentCounts,
  received: ReceivedCounts,
): Uint8Array {
  writer.begin(MessageType.AuditReply).u32(number);
  for (const route of ROUTE_NAMES) {
    const { distinct, duplicates, late, missing } = received[route];
    writer.u32(sent[route]).u32(distinct).u32(duplicates).u32(late).u32(missing);
  }
  return writer.finish();
}

export function decodeAuditReply(reader: MessageReader): AuditReplyMessage {
  const number = reader.u32();
  const pairs = byRoute(() => ({ sent: reader.u32(), received: readReceived(reader) }));
  return {
    type: "audit-reply",
    number,
    sent: byRoute((route) => pairs[route].sent),
    received: byRoute((route) => pairs[route].received),
  };
}

/** A record with one value for each route, made in the order of ROUTE_NAMES. */
export function byRoute<Value>(make: (route: Route) => Value): Record<Route, Value> {
  const entries = ROUTE_NAMES.map((route): [Route, Value] => [route, make(route)]);
  return Object.fromEntries(entries) as Record<Route, Value>;
}

function readReceived(reader: MessageReader): ReceivedCount {
  return { distinct: reader.u32(), duplicates: reader.u32(), late: reader.u32(), missing: reader.u32() };
}
