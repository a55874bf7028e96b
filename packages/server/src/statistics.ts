import type { DropReason } from "@sortie/connection";
import type { TransportStatistics } from "@sortie/transport";
import type { TickStatisticsSnapshot } from "./tick-statistics.js";

/** A snapshot of the whole server. */
export interface ServerStatistics {
  /** The crypto provider's name; of a composed one also which library encrypts, by suite and size of packet. */
  readonly crypto: string;
  readonly peers: number;
  /** Connections between the first keys and acceptance. */
  readonly halfOpen: number;
  /** Public-key handshakes answered since the start. */
  readonly handshakes: number;
  /** Cookies handed out since the start. */
  readonly retriesSent: number;
  readonly rejectsSent: number;
  /** Peers ever accepted. */
  readonly peersAccepted: number;
  /** Exceptions of listeners and of `authenticate`. */
  readonly listenerErrors: number;
  /** Newcomers are turned away: see `startDraining` and `close`. */
  readonly draining: boolean;
  /** Datagrams dropped, by reason. */
  readonly drops: Readonly<Record<DropReason, number>>;
  /** Datagrams and bytes of the socket. */
  readonly transport: TransportStatistics;
  /** undefined in event-driven mode. */
  readonly ticks: TickStatisticsSnapshot | undefined;
  /**
   * ms since 1970, by the date and not the server's clock: when the first of the certificates that the server shows at
   * present runs out, its own or one that it sends with that. `setIdentity` changes it. undefined for a bare key, and
   * for certificates that `withCertificates` has not seen.
   */
  readonly certificateNotAfterMs?: number | undefined;
}
