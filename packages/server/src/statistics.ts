import type { DropReason } from "@sortie/connection";
import type { TransportStatistics } from "@sortie/transport";
import type { HandshakeFailure, RefusalCode } from "./refusal-counters.js";
import type { RejectCode } from "./reject-counters.js";
import type { ServerCore } from "./server-core.js";
import type { TickStatisticsSnapshot } from "./tick-statistics.js";

/** A snapshot of the whole server. */
export interface ServerStatistics {
  /** The crypto provider's name; of a composed one also which library encrypts, by suite and size of packet. */
  readonly crypto: string;
  readonly peers: number;
  /** Peers that there is room for: the option's value, or this server's part of it where several share a port. */
  readonly maxPeers: number;
  /** Connections between the first keys and acceptance. */
  readonly halfOpen: number;
  /**
   * Calls of `authenticate` that have not answered, those included whose client has gone: until it answers, or
   * `handshakeTimeoutMs` are over, such a call counts for `maxHalfOpen`. Many for long: `authenticate` hangs.
   */
  readonly pendingAuthenticateCalls: number;
  /** Public-key handshakes answered since the start. */
  readonly handshakes: number;
  /** Cookies handed out since the start. */
  readonly retriesSent: number;
  /** Hellos answered with why there is no handshake, since the start. A client may send several. */
  readonly rejectsSent: number;
  /** The same by what they were told: "server-full" where `maxPeers` are connected, "shutting-down" while draining. */
  readonly rejects: Readonly<Record<RejectCode, number>>;
  /**
   * Clients that were refused once keys were agreed, since the start, by code. "refused": by `authenticate`;
   * "server-full": by `authenticate`, or no slot was left when it had answered; "shutting-down".
   */
  readonly refused: Readonly<Record<RefusalCode, number>>;
  /** Handshakes that ended otherwise before there was a peer, since the start, by code. */
  readonly handshakesFailed: Readonly<Record<HandshakeFailure, number>>;
  /** Peers ever accepted. */
  readonly peersAccepted: number;
  /** Exceptions of listeners and of the callbacks that the server was given, such as `authenticate`. */
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

type CoreStatistics = Pick<
  ServerStatistics,
  | "peers"
  | "halfOpen"
  | "pendingAuthenticateCalls"
  | "handshakes"
  | "retriesSent"
  | "rejectsSent"
  | "rejects"
  | "draining"
  | "drops"
  | "certificateNotAfterMs"
>;

/** What a {@link ServerCore} counts. */
export function coreStatistics({ admission, drops, peerCount, shutdownReason }: ServerCore): CoreStatistics {
  return {
    peers: peerCount,
    halfOpen: admission.halfOpen,
    pendingAuthenticateCalls: admission.calls.pending,
    handshakes: admission.handshakes,
    retriesSent: admission.retriesSent,
    ...admission.rejects.snapshot(),
    draining: shutdownReason !== undefined,
    drops: drops.snapshot(),
    certificateNotAfterMs: admission.identity.certificateNotAfterMs,
  };
}
