import type { BandwidthFilter } from "./bandwidth-filter.js";
import type { ForeignQueue } from "./foreign-queue.js";
import type { QueueSignal } from "./queue-signal.js";

/** ms at half the window in which the shortest round trip is measured anew (BBRv2). */
const PROBE_MS = 200;
/** The rate fell by this factor while round trips stayed longer than the shortest one, by the same; since a jump. */
const IN_VAIN = 4;
const IN_VAIN_SINCE_JUMP = 2;
/** Of what the round trip was longer by, what must be left while half as much is sent: else it was a queue. */
const STAYED = 0.75;

/**
 * When and how the shortest round trip is measured anew, by sending half as much. The highest bandwidth since then is
 * with the bandwidth itself, so that nothing of this is touched until its time comes.
 */
export class BaseRenewal {
  private readonly bandwidth: BandwidthFilter;
  private readonly queue: QueueSignal;
  private readonly foreign: ForeignQueue;
  private minRttMs = Infinity;
  private fromMs = 0;

  constructor(bandwidth: BandwidthFilter, queue: QueueSignal, foreign: ForeignQueue) {
    this.bandwidth = bandwidth;
    this.queue = queue;
    this.foreign = foreign;
  }

  /** A round trip between `begin` and `end`. */
  onRtt(rttMs: number): void {
    this.minRttMs = Math.min(this.minRttMs, rttMs);
  }

  /** Whether what looks like a queue may be the path: giving way to it has changed nothing, and cost much. */
  get givesWayInVain(): boolean {
    return this.queue.hasPathJumped && this.hasFallen(IN_VAIN_SINCE_JUMP);
  }

  begin(nowMs: number): void {
    this.minRttMs = Infinity;
    this.fromMs = nowMs;
  }

  isOver(nowMs: number): boolean {
    return nowMs - this.fromMs >= PROBE_MS && this.minRttMs !== Infinity;
  }

  /** Takes what was measured. Returns whether the flow gave way to a longer path, so that its rate says little. */
  end(nowMs: number): boolean {
    const { queue, minRttMs } = this;
    const roseMs = minRttMs - queue.baseMs;
    const stayed = roseMs > queue.thresholdMs && roseMs >= STAYED * queue.roundQueueMs;
    const fellFar = queue.isLongerPath && this.hasFallen(IN_VAIN);
    const isMistaken = stayed && (fellFar || this.givesWayInVain);
    queue.rebase(minRttMs, nowMs);
    this.bandwidth.restartPeak();
    // What looked like a queue of others was the path.
    if (isMistaken) this.foreign.reset();
    return isMistaken;
  }

  private hasFallen(factor: number): boolean {
    return this.bandwidth.bytesPerSecond * factor < this.bandwidth.peakBytesPerSecond;
  }
}
