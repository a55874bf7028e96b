/**
 * Decides how much may be in flight and how fast it may go. Sees numbers only: no packets, no timers, no clock.
 * Packets that are not ack-eliciting, and path probes, are never shown to it.
 */
export interface CongestionController {
  /**
   * A packet of `bytes` (whole UDP payload) went out, whether `canSend` had allowed it or not: probes after a timeout
   * go regardless (RFC 9002 section 7.5).
   * @param bytesInFlight with this packet
   */
  onPacketSent(bytes: number, nowMs: number, bytesInFlight: number): void;

  /**
   * A packet was acknowledged for the first time.
   * @param rttMs smoothed round trip
   */
  onPacketAcked(bytes: number, sentAtMs: number, nowMs: number, rttMs: number): void;

  /**
   * Packets were declared lost, all those of one look of the loss detector at once.
   * @param bytes of all of them
   * @param largestLostSentAtMs when the youngest of them was sent: losses of packets sent before the last reduction
   * belong to the same congestion event (RFC 9002 section 7.3.2)
   * @param persistent whether everything sent over a long period was lost (RFC 9002 section 7.6)
   */
  onPacketsLost(bytes: number, largestLostSentAtMs: number, nowMs: number, persistent: boolean): void;

  /** The peer is at another address: what was measured says nothing of the new path (RFC 9000 section 9.4). */
  onPathChanged?(nowMs: number): void;

  /** Whether a packet of `bytes` may go now, with `bytesInFlight` in flight without it. */
  canSend(bytes: number, bytesInFlight: number, nowMs: number): boolean;

  /**
   * When pacing lets a packet of `bytes` go: `nowMs` when at once, Infinity when only acknowledgements can free it.
   */
  nextSendAt(bytes: number, nowMs: number): number;

  /** bytes that may be in flight; Infinity when only the rate is limited. */
  readonly windowBytes: number;

  /** bytes per second at which packets are let through. */
  readonly paceBytesPerSecond: number;
}
