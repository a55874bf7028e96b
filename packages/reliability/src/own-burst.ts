import type { SentPackets } from "./sent-packets.js";
import { SentState } from "./sent-state.js";

/** ms for which the shortest round trip and the highest rate are remembered at the least; at the most for twice it. */
const WINDOW_MS = 10_000;

/**
 * How long a packet waited for others that were sent with it.
 *
 * Who sends once a tick or a frame sends many packets at once, and the last of them waits for all the others. Where the
 * peer answers once a tick or a frame too, only last ones are timed: what they waited would look like a queue that
 * never ends.
 *
 * How fast the path takes a burst is not the rate that this flow gets of it. It is at least what the timed packet
 * shows: all that was ahead of it went in the time by which its round trip exceeds the shortest. Queues only make that
 * longer, so that the highest of such rates comes near. Both are forgotten together, as paths become longer. A wait
 * that explains less than half of the excess is left alone: there is a queue, or another path, which it would blur.
 */
export class OwnBurst {
  private windowEndsAtMs = -Infinity;
  private shortestMs = Infinity;
  private previousShortestMs = Infinity;
  private rate = 0;
  private previousRate = 0;

  /** The path is another. */
  reset(): void {
    this.windowEndsAtMs = -Infinity;
  }

  /**
   * ms that the packet waited for others of its burst, where the ACK that times it acknowledges more than the two that
   * any ACK is for; else 0. To be asked for every packet that is timed.
   * @param ackedBytes that the ACK is the first to acknowledge
   * @param rttMs without the peer's delay
   * @param ownRate bytes/s that this flow gets; 0 when unknown
   */
  waitMs(
    sent: SentPackets,
    packetNumber: number,
    ackedBytes: number,
    rttMs: number,
    ownRate: number,
    nowMs: number,
  ): number {
    if (nowMs >= this.windowEndsAtMs) this.nextWindow(nowMs);
    this.shortestMs = Math.min(this.shortestMs, rttMs);
    const queuedMs = rttMs - Math.min(this.shortestMs, this.previousShortestMs);
    if (queuedMs === 0 || ackedBytes <= 2 * sent.bytesOf(packetNumber)) return 0;
    const bytes = bytesAhead(sent, packetNumber);
    if (bytes === 0) return 0;
    this.rate = Math.max(this.rate, (bytes * 1000) / queuedMs);
    const waitMs = (bytes * 1000) / Math.max(this.rate, this.previousRate, ownRate);
    return waitMs * 2 >= queuedMs ? waitMs : 0;
  }

  private nextWindow(nowMs: number): void {
    const isNext = nowMs < this.windowEndsAtMs + WINDOW_MS;
    this.previousRate = isNext ? this.rate : 0;
    this.previousShortestMs = isNext ? this.shortestMs : Infinity;
    this.rate = 0;
    this.shortestMs = Infinity;
    this.windowEndsAtMs = nowMs + WINDOW_MS;
  }
}

/** bytes that were sent at the same instant as the packet, and before it. */
export function bytesAhead(sent: SentPackets, packetNumber: number): number {
  const sentAtMs = sent.sentAtOf(packetNumber);
  let bytes = 0;
  for (let number = packetNumber - 1; number >= sent.pathSince; number--) {
    const state = sent.stateOf(number);
    if (state === SentState.Skipped) continue;
    if (state === SentState.Unknown || sent.sentAtOf(number) !== sentAtMs) break;
    bytes += sent.bytesOf(number);
  }
  return bytes;
}
