import { MAX_DATAGRAM_BYTES } from "@sortie/wire";

/** ms by which the shortest way back may rise in each second: clocks run apart by less (NTP slews by half of it). */
const DRIFT_MS_PER_S = 1;
/** Of the longest wait, with each ACK that waited less. */
const KEPT: number = 31 / 32;
/** bytes received over which it is judged what the peer sends. */
const JUDGED_BYTES = 32_768;

/** ms. What is asked of the estimator: the last round trip and the shortest, without the peer's delay. */
interface RoundTrips {
  readonly latestPathMs: number;
  readonly minPathMs: number;
}

/**
 * How long ACKs wait on their way back, by the times at which the peer says that packets came (TIMED_ACK).
 *
 * A round trip does not say which way was longer. Where both sides send bulk data, acknowledgements wait in a queue
 * that nothing of this side's is in, and that giving way does not shorten. The difference of the two clocks is unknown
 * but hardly changes, so that the way back is known but for a constant: by what it exceeds its minimum it waited
 * (LEDBAT, RFC 6817 section 3.4, does the same for the way there).
 *
 * A queue of ACKs alone is this side's work after all, since each of its packets asks for them: it counts in full, so
 * that a flow with a thin way back slows down to what that carries.
 */
export class ReturnQueue {
  /** ms that the ACK waited which is being applied; 0 when nothing tells. */
  waitMs = 0;
  /** ms. The longest of late. */
  longestMs = 0;
  private isKnown = false;
  /** microseconds, modulo 2^32: the first difference of the clocks; the others are counted from it. */
  private referenceUs = 0;
  private shortestMs = 0;
  private measuredAtMs = 0;
  /** bytes received lately that ask for an acknowledgement, and that do not; at first some: handshakes are no bulk. */
  private dataBytes = 0;
  private ackBytes: number = JUDGED_BYTES / 4;

  /** The path is another. */
  reset(): void {
    this.isKnown = false;
    this.waitMs = this.longestMs = 0;
  }

  /** A packet of `bytes` came from the peer; `isData`: it asks for an acknowledgement. */
  onReceived(bytes: number, isData: boolean): void {
    const size = Math.min(bytes, MAX_DATAGRAM_BYTES);
    if (isData) this.dataBytes += size;
    else this.ackBytes += size;
    if (this.dataBytes + this.ackBytes < JUDGED_BYTES) return;
    this.dataBytes /= 2;
    this.ackBytes /= 2;
  }

  /**
   * An ACK comes.
   * @param sampleMs time since the packet left that it times; -1 when it times none
   * @param receivedAtUs when that packet came, by the peer's clock, modulo 2^32; -1 when the ACK does not say so
   * @param rtt with that round trip taken in
   */
  onAck(sampleMs: number, receivedAtUs: number, rtt: RoundTrips, nowMs: number): void {
    this.waitMs = sampleMs < 0 || receivedAtUs < 0 ? 0 : this.measure(nowMs - sampleMs, receivedAtUs, rtt, nowMs);
    this.longestMs = Math.max(this.waitMs, this.longestMs * KEPT);
  }

  private measure(sentAtMs: number, receivedAtUs: number, rtt: RoundTrips, nowMs: number): number {
    const pathMs = rtt.latestPathMs;
    const differenceUs = (receivedAtUs - (Math.floor(sentAtMs * 1000) % 2 ** 32)) | 0;
    if (!this.isKnown) this.referenceUs = differenceUs;
    const backMs = pathMs - ((differenceUs - this.referenceUs) | 0) / 1000;
    const floorMs = this.shortestMs + ((nowMs - this.measuredAtMs) / 1000) * DRIFT_MS_PER_S;
    this.shortestMs = this.isKnown ? Math.min(floorMs, backMs) : backMs;
    this.isKnown = true;
    this.measuredAtMs = nowMs;
    // No more than what the round trip exceeds the shortest by: else a clock was set, or stood still.
    const excessMs = Math.max(pathMs - rtt.minPathMs, 0);
    this.shortestMs = Math.max(this.shortestMs, backMs - excessMs);
    return this.dataBytes > this.ackBytes ? backMs - this.shortestMs : 0;
  }
}
