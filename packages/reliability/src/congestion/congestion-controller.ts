import type { AckSample } from "./ack-sample.js";

/**
 * Decides how much may be in flight and how fast it may go. Sees numbers only: no packets, no timers, no clock.
 * Packets that are not ack-eliciting, and path probes, are never shown to it; nor is what becomes of packets that went
 * before `onPathChanged`.
 */
export interface CongestionController {
  /**
   * A packet of `bytes` (whole UDP payload) went out, whether `canSend` had allowed it or not: probes after a timeout
   * go regardless (RFC 9002 section 7.5).
   * @param bytesInFlight with this packet
   */
  onPacketSent(bytes: number, nowMs: number, bytesInFlight: number): void;

  /**
   * A packet in flight was acknowledged. `onAck` follows once all packets of the ACK were shown.
   * @param isAppLimited whether it was sent for want of more data, so that it shows no need of a larger window
   */
  onPacketAcked(bytes: number, sentAtMs: number, nowMs: number, isAppLimited: boolean): void;

  /** An ACK with news was applied, its losses included. The sample is reused: it must not be kept. */
  onAck(sample: AckSample): void;

  /**
   * Packets were declared lost, all those of one look of the loss detector at once.
   * @param bytes of all of them
   * @param largestLostSentAtMs when the youngest of them was sent: losses of packets sent before the last reduction
   * belong to the same congestion event (RFC 9002 section 7.3.2)
   * @param persistent whether everything sent over a long period was lost (RFC 9002 section 7.6)
   */
  onPacketsLost(bytes: number, largestLostSentAtMs: number, nowMs: number, persistent: boolean): void;

  /** A packet of `bytes`, sent at `sentAtMs`, that had been taken for lost was acknowledged. */
  onSpuriousLoss(bytes: number, sentAtMs: number, nowMs: number): void;

  /**
   * The peer is at another address: what was measured says nothing of the new path (RFC 9000 section 9.4). Nothing is
   * in flight there yet.
   */
  onPathChanged(nowMs: number): void;

  /**
   * From now on the owner sends once in `intervalMs`, 0..100 ms: what may go in that time goes at once. Told once a
   * frame of a polled client; a controller that has it not keeps the interval that it was made with.
   */
  onFlushInterval?(intervalMs: number, nowMs: number): void;

  /**
   * Whether a packet of `bytes` may go now, with `bytesInFlight` in flight without it.
   * @param isSmall it carries what may borrow from what others get later: small messages, or pieces of large ones where
   * small ones have borrowed before, or owe a turn
   */
  canSend(bytes: number, bytesInFlight: number, nowMs: number, isSmall: boolean): boolean;

  /** When pacing lets a packet of `bytes` go: `nowMs` when at once. Acknowledgements may be needed besides. */
  nextSendAt(bytes: number, nowMs: number, isSmall: boolean): number;

  /** bytes that may be in flight; Infinity when only the rate is limited. */
  readonly windowBytes: number;

  /** bytes per second at which packets are let through. */
  readonly paceBytesPerSecond: number;

  /** bytes per second that the path is thought to carry; 0 when the controller makes no such estimate. */
  readonly bandwidthBytesPerSecond: number;
}
