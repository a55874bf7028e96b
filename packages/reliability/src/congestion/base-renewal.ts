import type { ForeignQueue } from "./foreign-queue.js";
import type { QueueSignal } from "./queue-signal.js";

/** ms at half the window in which the shortest round trip is measured anew (BBRv2). */
const PROBE_MS = 200;
/** The rate fell by this factor while round trips stayed longer than the shortest one, by the same; since a jump. */
const IN_VAIN = 4;
const IN_VAIN_SINCE_JUMP = 2;
/** Of what the round trip was longer by, what must be left while half as much is sent: else it was a queue. */
const STAYED = 0.75;

/** When and how the shortest round trip is measured anew, by sending half as much. */
export class BaseRenewal {
  private readonly queue: QueueSignal;
  private readonly foreign: ForeignQueue;
  /** bytes/s. The highest bandwidth since the shortest round trip was last measured anew. */
  private peakRate = 0;
  private minRttMs = Infinity;
  private fromMs = 0;

  constructor(queue: QueueSignal, foreign: ForeignQueue) {
    this.queue = queue;
    this.foreign = foreign;
  }

  onRtt(rttMs: number): void {
    this.minRttMs = Math.min(this.minRttMs, rttMs);
  }

  onBandwidth(bytesPerSecond: number): void {
    this.peakRate = Math.max(this.peakRate, bytesPerSecond);
  }

  /** Whether what looks like a queue may be the path: giving way to it has changed nothing, and cost much. */
  givesWayInVain(bytesPerSecond: number): boolean {
    return this.queue.hasPathJumped && bytesPerSecond * IN_VAIN_SINCE_JUMP < this.peakRate;
  }

  begin(nowMs: number): void {
    this.minRttMs = Infinity;
    this.fromMs = nowMs;
  }

  isOver(nowMs: number): boolean {
    return nowMs - this.fromMs >= PROBE_MS && this.minRttMs !== Infinity;
  }

  /** Takes what was measured. Returns whether the flow gave way to a longer path, so that its rate says little. */
  end(bytesPerSecond: number, nowMs: number): boolean {
    const { queue, minRttMs } = this;
    const roseMs = minRttMs - queue.baseMs;
    const stayed = roseMs > queue.thresholdMs && roseMs >= STAYED * queue.roundQueueMs;
    const fellFar = queue.isLongerPath && bytesPerSecond * IN_VAIN < this.peakRate;
    const isMistaken = stayed && (fellFar || this.givesWayInVain(bytesPerSecond));
    queue.rebase(minRttMs, nowMs);
    this.peakRate = bytesPerSecond;
    // What looked like a queue of others was the path.
    if (isMistaken) this.foreign.reset();
    return isMistaken;
  }

  reset(): void {
    this.peakRate = 0;
  }
}
