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
  /** What the congestion controller made of an ACK. */
  | {
      readonly type: "congestion";
      readonly atMs: number;
      /** bytes; Infinity when only the rate is limited. */
      readonly windowBytes: number;
      readonly bytesInFlight: number;
      readonly paceBytesPerSecond: number;
      /** 0 while nothing is known, or by a controller that does not ask. */
      readonly bandwidthBytesPerSecond: number;
      /** Of this ACK; 0 when it gives no sample. */
      readonly deliveryRateBytesPerSecond: number;
      /** ms. Of this ACK, the peer's delay taken off; -1 when it gives none. */
      readonly rttMs: number;
      readonly smoothedRttMs: number;
      readonly isAppLimited: boolean;
    }
  /** Once for each packet that asked for it, path probes included; before what "congestion" says of the same ACK. */
  | { readonly type: "packet-acked"; readonly atMs: number; readonly packetNumber: number }
  | { readonly type: "packet-lost"; readonly atMs: number; readonly packetNumber: number }
  /** A packet that was taken for lost was acknowledged after all. */
  | { readonly type: "spurious-loss"; readonly atMs: number; readonly packetNumber: number }
  /** `count`: probe timeouts in a row, from 1. */
  | { readonly type: "probe-timeout"; readonly atMs: number; readonly count: number }
  | { readonly type: "closed"; readonly atMs: number; readonly reason: DisconnectReason };

/** Takes each event as it happens. Must not call back into the connection. */
export type TraceSink = (event: TraceEvent) => void;
