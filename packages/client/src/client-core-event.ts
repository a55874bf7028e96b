import type { DisconnectReason, Quality, SendAdvice } from "@sortie/connection";
import type { TransportError } from "@sortie/transport";
import type { ConnectError } from "./connect-error.js";

export type ClientState = "connecting" | "connected" | "closed";

/** Polled after each input. */
export type ClientCoreEvent =
  | { readonly type: "connected"; readonly sessionId: Uint8Array }
  | { readonly type: "failed"; readonly error: ConnectError }
  | { readonly type: "quality"; readonly quality: Quality }
  | { readonly type: "drain" }
  | { readonly type: "advice"; readonly advice: SendAdvice }
  | { readonly type: "disconnected"; readonly reason: DisconnectReason }
  /** The way to the server is dead: the owner takes a new socket, if it can, and then calls `onRebound`. */
  | { readonly type: "path-dead" }
  /** A fault of the whole socket; the connection lives on if it can. */
  | { readonly type: "socket-error"; readonly error: TransportError };
