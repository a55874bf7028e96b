import { MAX_DATAGRAM_BYTES } from "@sortie/wire";
import { WaitCredit } from "./wait-credit.js";

/** ms by which the shortest way back may rise in each second: clocks run apart by less (NTP slews by half of it). */
const DRIFT_MS_PER_S = 1;
/**
 * ms that the peer's clock may fall behind, all in all, beyond that. Whatever holds packets up on either side makes a
 * time later only. That leaves clocks that are coarse, of up to 16 ms, and a shortest round trip that was measured
 * while one of the ways had a queue, and then the other: both come and go, and a clock that is slow goes on.
 */
const BEHIND_MS = 30;
/**
 * ms. How long no wait is told after that. This side's queue is short then, of 10 or 20 ms, so that a clock which is
 * slower by 1 % shows again before that is over.
 */
const DOUBT_MS = 10_000;
/**
 * Of the time that passes, by which at most the part of the waits grows that arrivals are dated back by. A wait that
 * grows draws them together: times that lie made 3.5 times the rate of the path of it, and this makes 1.1.
 */
const DATED_GROWTH = 0.1;
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
 * A peer's clock may be a game's, or a lie. One that runs slow makes the way back look longer and longer, and so hides
 * this side's queue. What tells it from a queue: the two ways together are the round trip, which is measured by this
 * side's clock alone. The way there takes its shortest at least, however long queues are, grow or drain; so a packet
 * that by the peer's clock came before that shows that the clock fell behind. That holds over any time: from the
 * shortest way back on, however long ago that was. What no time disproves is believed in part: {@link WaitCredit}.
 *
 * A queue of ACKs alone is this side's work after all, since each of its packets asks for them: it counts in full, so
 * that a flow with a thin way back slows down to what that carries.
 */
export class ReturnQueue {
  /** ms that the ACK waited which is being applied; 0 when nothing tells. */
  waitMs = 0;
  /** ms of it by which the arrivals that it tells of are dated back. */
  datedMs = 0;
  /** ms. The longest of late. */
  longestMs = 0;
  private isKnown = false;
  /** microseconds, modulo 2^32: the first difference of the clocks; the others are counted from it. */
  private referenceUs = 0;
  private shortestMs = 0;
  private measuredAtMs = 0;
  private datedAtMs = 0;
  private doubtedUntilMs = -Infinity;
  /** ms that the peer's clock fell behind, less what it made up for. */
  private behindMs = 0;
  private readonly credit: WaitCredit = new WaitCredit();
  /** bytes received lately that ask for an acknowledgement, and that do not; at first some: handshakes are no bulk. */
  private dataBytes = 0;
  private ackBytes: number = JUDGED_BYTES / 4;

  /** The path is another. What the peer is believed stays: it moves as often as it likes. */
  reset(): void {
    this.isKnown = false;
    this.waitMs = this.datedMs = this.longestMs = 0;
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
    const isTold = sampleMs >= 0 && receivedAtUs >= 0;
    // An ACK that tells nothing does not end a wait: it may be the last one once more.
    this.waitMs = isTold ? this.credit.believe(this.measure(nowMs - sampleMs, receivedAtUs, rtt, nowMs), nowMs) : 0;
    this.datedMs = Math.min(this.waitMs, this.datedMs + (nowMs - this.datedAtMs) * DATED_GROWTH);
    this.datedAtMs = nowMs;
    this.longestMs = Math.max(this.waitMs, this.longestMs * KEPT);
  }

  private measure(sentAtMs: number, receivedAtUs: number, rtt: RoundTrips, nowMs: number): number {
    const pathMs = rtt.latestPathMs;
    const differenceUs = (receivedAtUs - (Math.floor(sentAtMs * 1000) % 2 ** 32)) | 0;
    if (!this.isKnown) this.referenceUs = differenceUs;
    const backMs = pathMs - ((differenceUs - this.referenceUs) | 0) / 1000;
    const floorMs = this.shortestMs + ((nowMs - this.measuredAtMs) / 1000) * DRIFT_MS_PER_S;
    this.measuredAtMs = nowMs;
    if (this.isKnown && backMs < floorMs) this.behindMs = Math.max(0, this.behindMs - (floorMs - backMs));
    this.shortestMs = this.isKnown ? Math.min(floorMs, backMs) : backMs;
    this.isKnown = true;
    // The least that the way back can take, when the way there took all that the round trip exceeds the shortest by.
    this.raiseTo(backMs - Math.max(pathMs - rtt.minPathMs, 0), nowMs);
    if (nowMs < this.doubtedUntilMs) return 0;
    return this.dataBytes > this.ackBytes ? backMs - this.shortestMs : 0;
  }

  /** The shortest way back cannot be shorter than that: by the peer's clock packets came before they can have come. */
  private raiseTo(leastMs: number, nowMs: number): void {
    if (leastMs <= this.shortestMs) return;
    this.behindMs += leastMs - this.shortestMs;
    this.shortestMs = leastMs;
    if (this.behindMs <= BEHIND_MS) return;
    this.doubtedUntilMs = nowMs + DOUBT_MS;
    this.behindMs = 0;
  }
}
