import type { CongestionController } from "./congestion/congestion-controller.js";
import type { HoldUp } from "./hold-up.js";
import type { RttEstimator } from "./rtt-estimator.js";
import type { SentPackets } from "./sent-packets.js";
import { SentState } from "./sent-state.js";

/** Persistent congestion: losses spread over this many probe timeouts (RFC 9002 section 7.6.1). */
const PERSISTENT_FACTOR = 3;

/** Packets of the present path that are found lost together: the congestion controller is told of them at once. */
export class LossBatch {
  private sinceAckBytes = 0;
  private readonly sent: SentPackets;
  private readonly rtt: RttEstimator;
  private readonly holdUp: HoldUp;
  private bytes = 0;
  private lastSentAtMs = 0;
  private runFromMs = 0;
  private runNext = -1;
  private persistent = false;

  constructor(sent: SentPackets, rtt: RttEstimator, holdUp: HoldUp) {
    this.sent = sent;
    this.rtt = rtt;
    this.holdUp = holdUp;
  }

  /** A packet is lost. In the order of their numbers. */
  add(packetNumber: number): void {
    const { sent, rtt } = this;
    const sentAtMs = sent.sentAtOf(packetNumber);
    if (!this.goesOn(packetNumber, sentAtMs)) this.runFromMs = sentAtMs;
    this.runNext = packetNumber + 1;
    this.bytes += sent.bytesOf(packetNumber);
    this.lastSentAtMs = sentAtMs;
    const spanMs = sentAtMs - this.runFromMs;
    if (rtt.hasSample && spanMs > PERSISTENT_FACTOR * rtt.probeTimeoutMs()) this.persistent = true;
  }

  /** Hands the packets on, if there are any. */
  report(congestion: CongestionController, nowMs: number): void {
    if (this.bytes === 0) return;
    congestion.onPacketsLost(this.bytes, this.lastSentAtMs, nowMs, this.persistent);
    this.sinceAckBytes += this.bytes;
    this.bytes = 0;
    this.persistent = false;
  }

  /** bytes lost since the last ACK; those to come count from here on. */
  takeSinceAck(): number {
    const bytes = this.sinceAckBytes;
    this.sinceAckBytes = 0;
    return bytes;
  }

  /**
   * Whether the packet is of the run of losses before it. Any between them that arrived breaks it, and a pause of this
   * process: nothing was sent for so long that could have arrived.
   */
  private goesOn(packetNumber: number, sentAtMs: number): boolean {
    const { endedAtMs } = this.holdUp;
    if (this.bytes === 0 || (this.runFromMs < endedAtMs && sentAtMs >= endedAtMs)) return false;
    for (let number = this.runNext; number < packetNumber; number++) {
      if (this.sent.stateOf(number) === SentState.Acked) return false;
    }
    return true;
  }
}
