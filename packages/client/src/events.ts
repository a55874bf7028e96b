import type { DisconnectReason, Quality, SendAdvice } from "@sortie/connection";
import type { InboundMessage } from "@sortie/reliability";

/**
 * Events of a client. After "disconnect" nothing comes any more, but for messages that came before and have waited for
 * the first listener of "message".
 */
export interface ClientEvents {
  message: (message: InboundMessage) => void;
  quality: (quality: Quality) => void;
  /**
   * There is room again after a send was refused as "queue-full": at most half of the queue is used, not counting what
   * waits for the server's application to read, as on a channel that it has paused: that may be refused on.
   */
  drain: () => void;
  /** How much to send has changed: see {@link SendAdvice}. */
  advice: (advice: SendAdvice) => void;
  disconnect: (reason: DisconnectReason) => void;
  /** What a listener threw, or a TransportError of the socket. */
  error: (error: unknown) => void;
}

export const CLIENT_EVENTS = ["message", "quality", "drain", "advice", "disconnect", "error"] as const;
