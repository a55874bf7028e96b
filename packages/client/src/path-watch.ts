import type { TransportError } from "@sortie/transport";

/** ms without an answer, at the least, until the path is taken for dead: an outage of two seconds is none. */
const DEAD_AFTER_MS = 2500;
/** Probe timeouts without an answer, at the least: on a slow path that is longer. */
const DEAD_PROBE_TIMEOUTS = 3;
/** ms. The system refuses to send, and nothing is heard: the network under the socket has gone. */
const REFUSED_AFTER_MS = 500;
/** ms between two attempts to get on at first; twice as long after each one that brought no answer. */
const FIRST_INTERVAL_MS = 2500;
/** ms. */
const MAX_INTERVAL_MS = 30_000;

/** Faults after which a socket sends nothing more, until there is a new one. */
const LOST_SOCKET: ReadonlySet<TransportError["code"]> = new Set(["closed", "address-not-available", "unreachable"]);

/** Whether this is a fault after which the socket is to be replaced. */
export function isSocketLost(error: TransportError): boolean {
  return LOST_SOCKET.has(error.code);
}

/** What the watch must know of the connection, or of the attempt at one. */
export interface WatchedPath {
  /** ms. Since when packets go unanswered; Infinity when none does. */
  readonly unansweredSinceMs: number;
  /** ms. How long an acknowledgement is waited for. */
  readonly probeTimeoutMs: number;
}

/**
 * Decides when a client, connected or not yet, should take a new socket, because nothing is answered any more or the
 * system refuses to send: a NAT or firewall that lost its entry, a network that was left, a hung process of those that
 * share the server's port. Attempts grow rarer until something is heard, so that neither an outage nor forged errors
 * make it storm.
 */
export class PathWatch {
  /** Attempts since the server was last heard. */
  attempts = 0;
  private notBeforeMs = -Infinity;
  private refusedSinceMs: number = Infinity;
  private refused = 0;
  private brokenAtMs: number = Infinity;

  /** An authentic packet came. */
  onHeard(): void {
    this.attempts = 0;
    this.refusedSinceMs = Infinity;
    this.brokenAtMs = Infinity;
  }

  /** @param total datagrams that the transport was not allowed to send, since it was made; see `refusedSends` */
  onRefusedSends(total: number, nowMs: number): void {
    if (total > this.refused) this.refusedSinceMs = Math.min(this.refusedSinceMs, nowMs);
    this.refused = total;
  }

  /** The socket itself, or its address, is gone. */
  onBroken(nowMs: number): void {
    this.brokenAtMs = Math.min(this.brokenAtMs, nowMs);
  }

  /** ms. When an attempt is due; Infinity while all is well. */
  dueAtMs(path: WatchedPath): number {
    const deadAfterMs = Math.max(DEAD_AFTER_MS, DEAD_PROBE_TIMEOUTS * path.probeTimeoutMs);
    const atMs = Math.min(
      path.unansweredSinceMs + deadAfterMs,
      Math.max(this.refusedSinceMs, path.unansweredSinceMs) + REFUSED_AFTER_MS,
      this.brokenAtMs,
    );
    return Math.max(atMs, this.notBeforeMs);
  }

  /** An attempt is made. */
  onAttempt(nowMs: number): void {
    this.notBeforeMs = nowMs + Math.min(FIRST_INTERVAL_MS * 2 ** this.attempts, MAX_INTERVAL_MS);
    this.attempts += 1;
    this.refusedSinceMs = Infinity;
    this.brokenAtMs = Infinity;
  }
}
