import { MIN_DATAGRAM_BYTES } from "@sortie/wire";
import type { BandwidthFilter } from "./bandwidth-filter.js";
import type { QueueSignal } from "./queue-signal.js";

/**
 * bytes, and seconds of the own rate if that is less: what a flow may have in the queue before it gives way. Flows that
 * keep equal shares of a queue get equal shares of the link, as in TCP Vegas and FAST.
 */
const OWN_QUEUE_BYTES: number = 3 * MIN_DATAGRAM_BYTES;
const OWN_QUEUE_SECONDS = 0.05;
/**
 * Times as much where acknowledgements come seldom: they time one place of a burst, for long the same, of which the
 * wait for what is ahead of it looks like a queue that giving way does not end.
 */
const SELDOM_FACTOR = 2;
/** Of the rate that arrived while there was a queue: what is sent afterwards, at the most and at the least. */
const BACK_OFF = 0.94;
/** The same where the rate may rise again at once. */
const SHORT_BACK_OFF = 0.9;
const MOST_BACK_OFF = 0.5;
/** Of the rate that is left out of it while a queue stands. */
const MOST_RELIEF = 0.06;

/** How much of the queue before the bottleneck is this flow's, and how far it gives way to it. */
export class OwnQueue {
  /** Whether the queue outlasted the last drain: others fill it as well. */
  isShared = false;
  private readonly bandwidth: BandwidthFilter;
  private readonly queue: QueueSignal;

  constructor(bandwidth: BandwidthFilter, queue: QueueSignal) {
    this.bandwidth = bandwidth;
    this.queue = queue;
  }

  /** Whether packets wait, and enough of them are ours that it is for us to give way. */
  isTooLong(queueMs: number): boolean {
    return queueMs > this.queue.thresholdMs && this.bytesIn(queueMs) > this.allowedBytes;
  }

  /** Whether at this rate, bytes/s, more of a queue of so many ms would be ours than we may have in it. */
  isMuch(bytesPerSecond: number, queueMs: number): boolean {
    return (bytesPerSecond * queueMs) / 1000 > allowedAt(bytesPerSecond);
  }

  /** Whether a drain has done its part of ending the queue. */
  get isClear(): boolean {
    const { recentQueueMs, thresholdMs } = this.queue;
    return recentQueueMs * 2 <= thresholdMs || this.bytesIn(recentQueueMs) * 2 <= this.allowedBytes;
  }

  /**
   * Share of the rate to keep. A queue that others fill as well says by its length how far this flow's rate is from its
   * share: a step of FAST (Wei, Jin, Low and Hegde, 2006) leads to where it has no more in the queue than it may.
   */
  get backOff(): number {
    const most = this.queue.isShortPath ? SHORT_BACK_OFF : BACK_OFF;
    if (!this.isShared) return most;
    const { baseMs, recentQueueMs } = this.queue;
    const mayKeepMs = (this.allowedBytes * 1000) / this.bandwidth.bytesPerSecond;
    const step = (baseMs + mayKeepMs) / (baseMs + recentQueueMs);
    return Math.min(Math.max(step, MOST_BACK_OFF), most);
  }

  /**
   * Share of the rate to send at while nothing is tried or drained. The highest of many measured rates is a little more
   * than the path carries, by which a queue would grow from one probe to the next: while one stands of which we have
   * more than we may, a little less goes.
   */
  get relief(): number {
    const { roundQueueMs, stepMs } = this.queue;
    if (this.bytesIn(roundQueueMs) <= this.allowedBytes) return 1;
    return 1 - MOST_RELIEF * Math.min(roundQueueMs / stepMs, 1);
  }

  private bytesIn(queueMs: number): number {
    return (this.bandwidth.bytesPerSecond * queueMs) / 1000;
  }

  private get allowedBytes(): number {
    return allowedAt(this.bandwidth.bytesPerSecond) * (this.queue.seldomMs > 0 ? SELDOM_FACTOR : 1);
  }
}

/** bytes that a flow of this rate, bytes/s, may have in the queue. */
function allowedAt(bytesPerSecond: number): number {
  return Math.max(Math.min(OWN_QUEUE_BYTES, bytesPerSecond * OWN_QUEUE_SECONDS), MIN_DATAGRAM_BYTES);
}
