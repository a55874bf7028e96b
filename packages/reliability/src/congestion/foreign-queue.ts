import { MAX_DATAGRAM_BYTES, MIN_DATAGRAM_BYTES } from "@sortie/wire";
import type { CrowdedQueue } from "./crowded-queue.js";
import type { QueueSignal } from "./queue-signal.js";

/** What is asked of a round that ends. */
interface Rounds {
  readonly rateBytesPerSecond: number;
  readonly isAppLimited: boolean;
}

/** ms above the shortest round trip of all times. Flows that give way keep shorter queues. */
const DEEP_MS = 100;
/** Share of the rounds while nothing waits that must have had too little to send. */
const THIN = 0.5;
const ROUND_WEIGHT: number = 1 / 8;
/** Of the rate that arrived at first, less than which proves something once a flow has given way to it. */
const GIVEN_WAY = 0.55;
/** Of the queue at first, what is left of it when that was in vain; and round trips in which it would have gone. */
const LEFT = 0.5;
const ROUNDS = 3;
/** ms after which it is to be proved again: the path may have become longer, and the queue be a flow's own. */
const PROVED_MS = 60_000;
/** Of the rate that arrived at first: what is kept. */
const KEPT = 0.9;
/** Packets that are kept in flight at the most: twice what any TCP flow begins with (IW10, RFC 6928). */
const KEPT_PACKETS = 24;

/** A deep queue that a flow gave way to, and what came of it. */
class DeepQueue {
  /** bytes/s to be kept if giving way proves to be in vain. */
  mayKeep: number;
  /** ms of the queue, and when, as the flow first gave way to it. */
  readonly firstMs: number;
  readonly firstAtMs: number;
  /** Whether the round still lasts in which it did so. */
  isFirst = true;
  isForeign = false;

  constructor(mayKeep: number, firstMs: number, firstAtMs: number) {
    this.mayKeep = mayKeep;
    this.firstMs = firstMs;
    this.firstAtMs = firstAtMs;
  }
}

/**
 * Tells a game's stream that a deep queue is kept up by others, who do not give way to it: TCP fills buffers until
 * packets are lost. Who goes on giving way to such a queue ends with nothing, and it becomes no shorter by that.
 *
 * Flows that give way do so all: had each halved its rate, a queue would be gone in two of its own lengths. One that is
 * half left by then is of others. Then a rate is kept that hurts nobody: most of what arrived before, and at most a
 * few packets a round trip.
 *
 * That holds for flows which asked for less than the path carries while nothing waited. Bulk data makes a queue itself:
 * many flows of it that took each other for TCP would keep one up for ever, with nobody else on the path. So would the
 * thinnest of flows, of less than a packet a round trip, by their number.
 */
export class ForeignQueue {
  private readonly queue: QueueSignal;
  private readonly crowd: CrowdedQueue;
  /** ms. Shortest round trip since the path changed: the present one is renewed, and may have the queue in it. */
  private baseMs = Infinity;
  /** Of the rounds while nothing waited, the share with too little to send. */
  private thinShare = 0;
  private deep: DeepQueue | undefined = undefined;

  constructor(queue: QueueSignal, crowd: CrowdedQueue) {
    this.queue = queue;
    this.crowd = crowd;
  }

  /** bytes/s that the flow keeps at the least; 0 while giving way is of use, as it is to crowds of thin flows. */
  get keptRate(): number {
    const { deep } = this;
    if (deep === undefined || !deep.isForeign || this.crowd.isKnown) return 0;
    return Math.min(deep.mayKeep, (KEPT_PACKETS * MAX_DATAGRAM_BYTES * 1000) / this.roundMs);
  }

  /** A round ends. */
  onRound({ rateBytesPerSecond, isAppLimited }: Rounds, nowMs: number): void {
    const { deep } = this;
    this.baseMs = Math.min(this.baseMs, this.queue.baseMs);
    if (this.queueMs < DEEP_MS / 2) {
      this.thinShare += ROUND_WEIGHT * ((isAppLimited ? 1 : 0) - this.thinShare);
      this.deep = undefined;
    } else if (deep?.isFirst === true) {
      // What waited in the queue when the flow gave way arrived at what the path has for it, whatever it had before.
      deep.mayKeep = Math.min(deep.mayKeep, rateBytesPerSecond * KEPT);
      deep.isFirst = false;
    } else if (deep?.isForeign === true && nowMs - deep.firstAtMs > PROVED_MS) this.deep = undefined;
  }

  /** The flow gives way to a queue. `rate`: bytes/s that arrived until then. */
  onGiveWay(rate: number, nowMs: number): void {
    const isThin = this.thinShare >= THIN && rate * this.baseMs >= MIN_DATAGRAM_BYTES * 1000;
    if (this.deep !== undefined || this.queueMs < DEEP_MS || !isThin) return;
    this.deep = new DeepQueue(rate * KEPT, this.queueMs, nowMs);
  }

  /** The flow has given way, to `rate`. Returns the rate to go back to, bytes/s, or 0 to stay. */
  onGivenWay(rate: number, nowMs: number): number {
    const { deep } = this;
    if (deep === undefined) return 0;
    const isLong = nowMs - deep.firstAtMs >= ROUNDS * this.roundMs;
    if (isLong && rate < deep.mayKeep * GIVEN_WAY && this.queueMs >= LEFT * deep.firstMs) deep.isForeign = true;
    return this.keptRate > rate ? this.keptRate : 0;
  }

  /** More was lost than the path loses anyway: whoever fills the queue, there is no room for what was sent. */
  onLosses(rate: number): void {
    const { deep } = this;
    if (deep !== undefined) deep.mayKeep = Math.min(deep.mayKeep, Math.max(rate, deep.mayKeep * KEPT));
  }

  /** Whether a flow of this rate, bytes/s, has given way far enough. */
  isEnough(rate: number): boolean {
    return rate * KEPT <= this.keptRate;
  }

  reset(): void {
    this.baseMs = Infinity;
    this.deep = undefined;
  }

  /** ms by which the least of the last few round trips exceeds the shortest of all times. */
  private get queueMs(): number {
    return this.roundMs - this.baseMs;
  }

  private get roundMs(): number {
    return this.queue.baseMs + this.queue.recentQueueMs;
  }
}
