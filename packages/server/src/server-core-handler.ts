import type { DisconnectReason, Quality, SendAdvice } from "@sortie/connection";
import type { InboundMessage } from "@sortie/reliability";
import type { ConnectionEntry } from "./connection-table.js";

/** A client that asks to be let in. */
export interface ConnectRequest {
  readonly entry: ConnectionEntry;
  readonly payload: Uint8Array;
}

/** Who hears what happened, when `dispatch` is called. */
export interface ServerCoreHandler {
  onConnect(entry: ConnectionEntry): void;
  onMessage(entry: ConnectionEntry, message: InboundMessage): void;
  onDrain(entry: ConnectionEntry): void;
  onQuality(entry: ConnectionEntry, quality: Quality): void;
  onAdvice(entry: ConnectionEntry, advice: SendAdvice): void;
  onDisconnect(entry: ConnectionEntry, reason: DisconnectReason): void;
  /** A half-open connection ended; the application never heard of it. */
  onHandshakeFailed(entry: ConnectionEntry, reason: DisconnectReason): void;
}
