/**
 * Why a datagram did not arrive.
 *
 * - `lost`: by a link's loss model.
 * - `queue-full`: no room before a link's bottleneck.
 * - `too-big`: larger than a link's MTU.
 * - `unreachable`: nobody has that address, or no longer.
 * - `filtered`: by the network's filter.
 * - `limit`: one of the simulator's own caps was reached (datagrams in flight, paths).
 */
export type DropCause = "lost" | "queue-full" | "too-big" | "unreachable" | "filtered" | "limit";

/** What a tap sees of a datagram: its start ("sent" or "injected"), and what became of each copy. */
export type TapVerdict = "sent" | "injected" | "delivered" | DropCause;

/** Counters of a network. sent + injected + duplicated = delivered + all of dropped + inFlight. */
export interface NetworkStatistics {
  /** Datagrams that transports sent. */
  readonly sent: number;
  readonly sentBytes: number;
  /** Datagrams put in by `inject`. */
  readonly injected: number;
  /** Second copies that links made. */
  readonly duplicated: number;
  /** Copies that links damaged. */
  readonly corrupted: number;
  /** Copies handed to a transport. */
  readonly delivered: number;
  readonly deliveredBytes: number;
  readonly dropped: Readonly<Record<DropCause, number>>;
  /** Copies on their way now. */
  readonly inFlight: number;
}

/** The counters as the network keeps them. */
export class NetworkCounters {
  sent = 0;
  sentBytes = 0;
  injected = 0;
  duplicated = 0;
  corrupted = 0;
  delivered = 0;
  deliveredBytes = 0;
  readonly dropped: Record<DropCause, number> = {
    lost: 0,
    "queue-full": 0,
    "too-big": 0,
    unreachable: 0,
    filtered: 0,
    limit: 0,
  };
}
