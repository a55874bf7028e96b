import { MAX_DATAGRAM_BYTES } from "@sortie/wire";
import type { CrowdedQueue } from "./crowded-queue.js";
import type { QueueSignal } from "./queue-signal.js";

/** ms above the shortest round trip of all times. Flows that give way keep shorter queues. */
const DEEP_MS = 100;
/** Of the rate that arrived at first, less than which proves something once a flow has given way to it. */
const GIVEN_WAY = 0.55;
/** Of the queue at first, what is left of it when that was in vain; and round trips in which it would have gone. */
const LEFT = 0.5;
const ROUNDS = 3;
/** Of the rate that arrived at first: what is kept. */
const KEPT = 0.9;
/** Packets that are kept in flight at the most: twice what any TCP flow begins with (IW10, RFC 6928). */
const KEPT_PACKETS = 24;

/**
 * Tells that a deep queue is kept up by others, who do not give way to it: TCP fills buffers until packets are lost.
 * Who goes on giving way to such a queue ends with nothing, and it becomes no shorter by that.
 *
 * Flows that give way do so all: had each halved its rate, a queue would be gone in two of its own lengths. One that is
 * half left by then is of others. Then a rate is kept that hurts nobody: most of what arrived before, and no more
 * than a few packets a round trip, so that little flows (games) go on nearly as they were and bulk data makes room.
 */
export class ForeignQueue {
  private readonly queue: QueueSignal;
  private readonly crowd: CrowdedQueue;
  /** ms. Shortest round trip since the path changed: the present one is renewed, and may have the queue in it. */
  private baseMs = Infinity;
  /** bytes/s to be kept if giving way proves to be in vain; 0 while there is no deep queue. */
  private mayKeep = 0;
  /** ms of the queue, and when, as the flow first gave way to it. */
  private firstMs = 0;
  private firstAtMs = 0;
  private isForeign = false;

  constructor(queue: QueueSignal, crowd: CrowdedQueue) {
    this.queue = queue;
    this.crowd = crowd;
  }

  /** bytes/s that the flow keeps at the least; 0 while giving way is of use, as it is to crowds of thin flows. */
  get keptRate(): number {
    if (!this.isForeign || this.crowd.isKnown) return 0;
    return Math.min(this.mayKeep, (KEPT_PACKETS * MAX_DATAGRAM_BYTES * 1000) / this.roundMs);
  }

  /** A round ends. */
  onRound(): void {
    this.baseMs = Math.min(this.baseMs, this.queue.baseMs);
    if (this.queueMs >= DEEP_MS / 2) return;
    this.mayKeep = 0;
    this.isForeign = false;
  }

  /** The flow gives way to a queue. `rate`: bytes/s that arrived until then. */
  onGiveWay(rate: number, nowMs: number): void {
    if (this.mayKeep > 0 || this.queueMs < DEEP_MS) return;
    this.mayKeep = rate * KEPT;
    this.firstMs = this.queueMs;
    this.firstAtMs = nowMs;
  }

  /** The flow has given way, to `rate`. Returns the rate to go back to, bytes/s, or 0 to stay. */
  onGivenWay(rate: number, nowMs: number): number {
    if (this.mayKeep === 0) return 0;
    const isLong = nowMs - this.firstAtMs >= ROUNDS * this.roundMs;
    if (isLong && rate < this.mayKeep * GIVEN_WAY && this.queueMs >= LEFT * this.firstMs) this.isForeign = true;
    return this.keptRate > rate ? this.keptRate : 0;
  }

  /** More was lost than the path loses anyway: whoever fills the queue, there is no room for what was sent. */
  onLosses(rate: number): void {
    this.mayKeep = Math.min(this.mayKeep, Math.max(rate, this.mayKeep * KEPT));
  }

  /** Whether a flow of this rate, bytes/s, has given way far enough. */
  isEnough(rate: number): boolean {
    return rate * KEPT <= this.keptRate;
  }

  reset(): void {
    this.baseMs = Infinity;
    this.mayKeep = 0;
    this.isForeign = false;
  }

  /** ms by which the least of the last few round trips exceeds the shortest of all times. */
  private get queueMs(): number {
    return this.roundMs - this.baseMs;
  }

  private get roundMs(): number {
    return this.queue.baseMs + this.queue.recentQueueMs;
  }
}
