import type { DisconnectReason } from "./disconnect-reason.js";
import type { PeerAddress } from "./peer-address.js";
import type { Quality } from "./quality.js";
import type { SendAdvice } from "./send-advice.js";

/** What happened to a connection; polled by its owner. Messages are polled apart. */
export type ConnectionEvent =
  /** Client: the server accepted. Server: `accept` was called. */
  | { readonly type: "connected"; readonly sessionId: Uint8Array }
  /** The peer's new address was validated and is in use. */
  | { readonly type: "path-changed"; readonly address: PeerAddress }
  | { readonly type: "quality"; readonly quality: Quality }
  /** After a refusal "queue-full": no more than half of the send queue is used. */
  | { readonly type: "drain" }
  | { readonly type: "advice"; readonly advice: SendAdvice }
  /** The last event of a connection, once. */
  | { readonly type: "closed"; readonly reason: DisconnectReason };

/** One object for all connections. */
export const DRAIN: ConnectionEvent = { type: "drain" };
