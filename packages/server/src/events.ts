import type { DisconnectReason, Quality, SendAdvice } from "@sortie/connection";
import type { InboundMessage } from "@sortie/reliability";
import type { Peer } from "./peer.js";
import type { DrainingEvent } from "./shutdown.js";
import type { TickEvent } from "./tick-loop.js";

/**
 * Events of a server. In each tick: first, connection by connection, "connect", then its messages in the order of
 * arrival, then "disconnect"; after all of them "tick"; then one flush to everybody.
 */
export interface ServerEvents<Data = unknown> {
  connect: (peer: Peer<Data>) => void;
  message: (peer: Peer<Data>, message: InboundMessage) => void;
  /**
   * There is room again after a send to the peer was refused as "queue-full": at most half of its queue is used, not
   * counting what waits for its application to read, as on a channel that it has paused: that may be refused on.
   */
  drain: (peer: Peer<Data>) => void;
  quality: (peer: Peer<Data>, quality: Quality) => void;
  /** How much to send to this peer has changed: see {@link SendAdvice}. */
  advice: (peer: Peer<Data>, advice: SendAdvice) => void;
  disconnect: (peer: Peer<Data>, reason: DisconnectReason) => void;
  /**
   * Runs only while there is a connection, also one that is not let in yet. What must go on in an empty server needs a
   * timer of its own.
   */
  tick: (event: TickEvent) => void;
  /**
   * The server is about to end and lets nobody in any more: after `startDraining`, and again, with the time that peers
   * have, after `close`: the moment for a last word. What is sent reliably from here is delivered as far as there is
   * time: `leaveMs`, and then `drainMs`. After a `close` with neither it is lost.
   */
  draining: (event: DrainingEvent) => void;
  /**
   * What a listener, `authenticate`, `onReceipt`, a congestion controller, the crypto provider or the transport threw;
   * the peer is there when it concerns one. After a fault of the controller or the provider, that peer has ended:
   * "disconnect" follows.
   */
  error: (error: unknown, peer: Peer<Data> | undefined) => void;
}

export const SERVER_EVENTS = [
  "connect",
  "message",
  "quality",
  "drain",
  "advice",
  "disconnect",
  "tick",
  "draining",
  "error",
] as const;
