import type { AckSample } from "./congestion/ack-sample.js";
import type { SentPackets } from "./sent-packets.js";

/** ms and ACKs for which the longest hold is remembered at the least; at the most for twice as long. */
const WINDOW_MS = 1000;
const WINDOW_ACKS = 4;

/**
 * ms. When the oldest packet in a hurry left that the present ACK took out of flight; Infinity for none. One for all
 * connections of a thread: an ACK is applied to its end before another begins.
 */
let oldestSentAtMs = Infinity;

/**
 * How long the peer keeps packets to itself before it acknowledges them: of each ACK the oldest packet that it is the
 * first to tell of, and of the last second or two the longest.
 *
 * The delay that an ACK states is that of its largest packet, which in a steady flow has only just come, however rarely
 * ACKs go. The oldest one has waited longer by the time between the sending of both: the path treats them alike. The
 * time at which the ACK came is not in it, so that neither a path that bunches ACKs nor a pause of this process makes
 * it longer. Nor does a time in which there was nothing to send: what went before it has an ACK of its own. A lost ACK
 * does, for that time.
 */
export class AckHold {
  private current = 0;
  private previous = 0;
  private acks = 0;
  private fromMs = -Infinity;

  /** ms. The longest of late; 0 before the first. */
  get longestMs(): number {
    return Math.max(this.current, this.previous);
  }

  /** An ACK comes: `onTaken` for each packet that it takes out of flight, and then perhaps `end` follow. */
  begin(): void {
    oldestSentAtMs = Infinity;
  }

  /** Packets come in the order of their numbers, or the largest last. */
  onTaken(sent: SentPackets, packetNumber: number): void {
    if (oldestSentAtMs === Infinity && !sent.isRelaxed(packetNumber)) oldestSentAtMs = sent.sentAtOf(packetNumber);
  }

  /**
   * All of an ACK that gives a round trip was applied.
   * @param largestSentAtMs when the packet left whose delay the ACK states
   * @param sample with the time and the delay that it states
   * @param fromMs packets that left before are of another path or of a time before a pause, and tell nothing
   */
  end(largestSentAtMs: number, { nowMs, ackDelayMs }: AckSample, fromMs: number): void {
    const spanMs = largestSentAtMs - oldestSentAtMs;
    if (!(spanMs >= 0) || oldestSentAtMs < fromMs) return;
    if (this.acks >= WINDOW_ACKS && nowMs - this.fromMs >= WINDOW_MS) {
      this.previous = this.current;
      this.current = this.acks = 0;
    }
    if (this.acks === 0) this.fromMs = nowMs;
    this.acks += 1;
    this.current = Math.max(this.current, spanMs + ackDelayMs);
  }
}
