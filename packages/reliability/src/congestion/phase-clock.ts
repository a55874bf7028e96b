import type { AckSample } from "./ack-sample.js";
import type { BandwidthFilter } from "./bandwidth-filter.js";
import type { QueueSignal } from "./queue-signal.js";
import type { RoundMeter } from "./round-meter.js";

/**
 * Shortest round trips, and ms, after which the first round trip of a phase is late: nothing but a deep queue holds it
 * up for so long. Radio links keep packets back for up to half a second, and give them all at once.
 */
const LATE_OF_BASE = 4;
const LATE_MS = 600;
/** A queue of so many times what it was when the phase began came up in it: others keep theirs up all the time. */
const DEEPENED = 2;

/**
 * How long the present phase lasts: in rounds, which tell what came of it, and by the clock, for when rounds take
 * seconds.
 *
 * When the rate of a path with a deep buffer falls far, all that is in flight becomes a queue, and the round in which
 * it happens ends when that has drained. Until then rounds and samples tell a rate that is mostly that of before:
 * 250 kB in 40 ms and 8 kB in the next 130 make 1.5 MB/s. What comes out of the queue by the clock is what the path
 * carries now.
 */
export class PhaseClock {
  private readonly bandwidth: BandwidthFilter;
  private readonly queue: QueueSignal;
  private readonly meter: RoundMeter;
  private fromRound = 0;
  private fromMs = 0;
  private fromBytes = 0;
  /** bytes/s and ms. Bandwidth and queue that the phase began with. */
  private fromRate = 0;
  private fromQueueMs = 0;

  constructor(bandwidth: BandwidthFilter, queue: QueueSignal, meter: RoundMeter) {
    this.bandwidth = bandwidth;
    this.queue = queue;
    this.meter = meter;
  }

  /** A phase begins. `deliveredBytes`: acknowledged since the connection began. */
  begin(deliveredBytes: number, nowMs: number): void {
    this.fromRound = this.meter.count;
    this.fromMs = nowMs;
    this.fromBytes = deliveredBytes;
    this.fromRate = this.bandwidth.bytesPerSecond;
    this.fromQueueMs = this.queue.recentQueueMs;
  }

  /** Rounds that have ended in the phase; the first of them began before it. */
  get rounds(): number {
    return this.meter.count - this.fromRound;
  }

  /** ms since the phase began. */
  elapsedMs(nowMs: number): number {
    return nowMs - this.fromMs;
  }

  /** Whether packets that were sent in this phase are acknowledged already. */
  isSeen(sample: AckSample): boolean {
    return sample.priorDeliveredBytes >= this.fromBytes;
  }

  /** Whether rounds take too long to wait for: a deep queue came up since the phase began. */
  hasDeepened(nowMs: number): boolean {
    return this.isLate(nowMs) && this.queue.recentQueueMs > Math.max(DEEPENED * this.fromQueueMs, this.lateMs);
  }

  /**
   * An ACK came while the queue is drained. What was sent before comes out of it at the rate of the path: when that
   * takes so long, the bandwidth is no more than that. It is the mean of all the time, not the least of it: a path that
   * holds packets back and then gives them all at once is taken for a slow one only meanwhile.
   */
  onDrainAck(sample: AckSample): void {
    // What is sent in the drain tells how little is sent, and for want of data there was no more to come.
    if (sample.isAppLimited || sample.ackedBytes === 0 || this.isSeen(sample) || !this.isLate(sample.nowMs)) return;
    const rate = ((sample.deliveredBytes - this.fromBytes) * 1000) / this.elapsedMs(sample.nowMs);
    if (rate < this.fromRate) this.bandwidth.set(rate, sample.deliveredBytes);
  }

  private isLate(nowMs: number): boolean {
    return this.elapsedMs(nowMs) >= this.lateMs;
  }

  private get lateMs(): number {
    return Math.max(LATE_OF_BASE * this.queue.baseMs, LATE_MS);
  }
}
