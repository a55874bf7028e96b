import type { ConnectionState, TransitionCause } from "./connection-state.js";
import type { DisconnectReason } from "./disconnect-reason.js";
import type { DropReason } from "./drop-reason.js";
import type { MtuCause } from "./mtu-discovery.js";

/** What a connection did, for tests, logs and plots; `atMs` is the time that was passed in. */
export type TraceEvent =
  | {
      readonly type: "state";
      readonly atMs: number;
      readonly from: ConnectionState;
      readonly to: ConnectionState;
      readonly cause: TransitionCause;
    }
  | { readonly type: "packet-sent"; readonly atMs: number; readonly packetNumber: number; readonly bytes: number }
  | { readonly type: "packet-received"; readonly atMs: number; readonly packetNumber: number; readonly bytes: number }
  | { readonly type: "packet-dropped"; readonly atMs: number; readonly reason: DropReason; readonly bytes: number }
  | { readonly type: "path-challenge"; readonly atMs: number }
  | { readonly type: "path-changed"; readonly atMs: number }
  /** The largest datagram that is sent has changed. */
  | { readonly type: "mtu"; readonly atMs: number; readonly mtuBytes: number; readonly cause: MtuCause }
  | { readonly type: "closed"; readonly atMs: number; readonly reason: DisconnectReason };

/** Takes each event as it happens. Must not call back into the connection. */
export type TraceSink = (event: TraceEvent) => void;
