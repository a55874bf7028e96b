/** Why a datagram was dropped: a closed list, one counter each. */
export const DROP_REASONS = [
  /** Shorter than any packet. */
  "too-short",
  /** Larger than any packet. */
  "too-long",
  /** First byte or magic of no packet of this protocol. */
  "unknown-type",
  /** No connection has this connection ID. */
  "unknown-connection",
  /** Sender's address or range is on the block list. */
  "blocked",
  /** Over a rate limit of its address prefix or of the process. */
  "rate-limited",
  /** Over the rate of packets that a server takes from one client. */
  "peer-rate-limited",
  /** Packet number inside the window that was received already. */
  "duplicate",
  /** Packet number below the replay window. */
  "too-old",
  /** The tag is wrong: damaged, forged, or under other keys. */
  "authentication-failed",
  /** Authentic, but its frames do not decode; the connection is closed. */
  "malformed-frames",
  /** Buffers for received data are full, or messages overtook ACCEPT; the sender will send it again. */
  "receive-buffer-full",
  /** For a connection that is closing. */
  "closing",
  /** A handshake packet that does not decode. */
  "malformed-handshake",
  /** A handshake packet of another version. */
  "wrong-version",
  /** A hello for another application protocol. */
  "wrong-protocol",
  /** A handshake packet that fits no attempt, or comes where it has no meaning. */
  "unexpected-handshake",
  /** A cookie that is stale, or of another address or hello. */
  "bad-cookie",
  /** A handshake whose key share, suites, parameters or signature are refused. */
  "handshake-refused",
  /** All half-open slots are taken, the second's budget of handshakes is used up, or 256 hellos wait for a tick. */
  "half-open-full",
  /** The server takes no new peers: full, or shutting down. */
  "not-accepting",
] as const;

export type DropReason = (typeof DROP_REASONS)[number];

/** A counter for each drop reason. */
export class DropCounters {
  private readonly counts: Record<DropReason, number>;

  constructor() {
    const counts: Partial<Record<DropReason, number>> = {};
    for (const reason of DROP_REASONS) counts[reason] = 0;
    this.counts = counts as Record<DropReason, number>;
  }

  count(reason: DropReason): void {
    this.counts[reason] += 1;
  }

  get(reason: DropReason): number {
    return this.counts[reason];
  }

  /** A copy of all counters. */
  snapshot(): Record<DropReason, number> {
    return { ...this.counts };
  }
}
