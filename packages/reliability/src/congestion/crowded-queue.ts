import { MIN_DATAGRAM_BYTES } from "@sortie/wire";
import { LongQueue } from "./long-queue.js";
import type { LossReview } from "./loss-review.js";
import type { QueueSignal } from "./queue-signal.js";
import type { RoundMeter } from "./round-meter.js";

/** Times the threshold that a queue must be to matter to a flow with little to send: games live with less. */
const LONG = 3;
/** bytes of a round. Of more the round's own losses say enough. */
const THIN_BYTES: number = 16 * MIN_DATAGRAM_BYTES;
/** ACKs that told of losses, and rounds, that make more than chance; and once a crowd is known. A burst is one. */
const MIN_EVENTS = 24;
const MIN_EVENTS_AGAIN = 8;
const MIN_EVENTS_SUSPECT = 4;
const MIN_ROUNDS = 4;
/**
 * Share of the longest queue that the shortest one must be for a longer path, and ms in which it must be so, though the
 * flow gave way. Jitter takes longer to tell.
 */
const STEADY_PATH = 0.95;
const PATH_MS = 5000;
const ROUGH_PATH_MS = 20_000;
/** Share. More than twice what the path loses anyway, once a crowd is known. */
const EXCESS_AGAIN = 0.04;
/** Share. No path that loses more is any good, however steady. */
const MAX_PATH_SHARE = 0.4;
/** ms after giving way in which nothing more is tried. */
const HOLD_MS = 5000;
/** ms without a long queue, and without giving way though there is one, after which the crowd is forgotten. */
const FORGET_MS = 30_000;
const FORGET_LONG_MS = 60_000;

/**
 * Tells a thin flow that many such flows overload the path together. What one of them loses in a round is a packet or
 * two, which is chance, and what it sends less changes nothing that it could see: no trial shows what all do.
 *
 * So losses are summed over rounds, as long as the queue is long and stays as it is. Much was lost before a full queue:
 * the flow gives way to what arrived, again and again while losses go on, without asking what came of it. Only when
 * queue and losses were the same for seconds is it the path that is longer and loses by itself.
 *
 * The queue is told by the shortest round trip of all times: one that is aged may have the queue in it.
 */
export class CrowdedQueue {
  private readonly queue: QueueSignal;
  private readonly rounds: RoundMeter;
  private readonly losses: LossReview;
  private known = false;
  /** Whether the queue was long in the last round. */
  private isLong = false;
  /** ms. Shortest round trip ever, or since the path was found to be longer. */
  private baseMs = Infinity;
  /** Made with the first round with a long queue, and cleared after the last. */
  private long: LongQueue | undefined = undefined;
  /** ms. When the flow gave way, and when the last round with a long queue ended. */
  private gaveWayAtMs = 0;
  private longAtMs = 0;

  constructor(queue: QueueSignal, rounds: RoundMeter, losses: LossReview) {
    this.queue = queue;
    this.rounds = rounds;
    this.losses = losses;
  }

  /** Whether the flow gave way to a crowd not long ago: then having little to send is no excuse. */
  get isKnown(): boolean {
    return this.known;
  }

  /** Whether the queue is still there that the flow has just given way to. */
  get isStanding(): boolean {
    return this.known && this.isLong && this.rounds.fromMs - this.gaveWayAtMs < HOLD_MS;
  }

  /** Whether the queue looks like a crowd's: then its round trip must not become the shortest one. */
  get isSuspected(): boolean {
    if (this.known || !this.isLong || this.long === undefined) return this.known;
    return this.long.events >= MIN_EVENTS_SUSPECT && this.isExcess(this.long);
  }

  /**
   * A round ended; one of a drain says little.
   * @returns bytes/s that arrived, when it is for the flow to give way to that; else 0
   */
  onRound(isDraining: boolean, nowMs: number): number {
    const { queue, rounds } = this;
    this.baseMs = Math.min(this.baseMs, queue.baseMs);
    const queueMs = queue.baseMs + queue.roundQueueMs - this.baseMs;
    if (this.known && this.isOver) this.known = false;
    if (queueMs <= LONG * queue.thresholdMs || rounds.bytes > THIN_BYTES) {
      if (this.isLong) this.long?.restart();
      this.isLong = false;
      return 0;
    }
    this.isLong = true;
    this.longAtMs = rounds.fromMs;
    const long = (this.long ??= new LongQueue());
    if (!long.follow(queueMs, rounds.elapsedMs) && !this.known) long.clear();
    if (isDraining) return 0;
    long.add(rounds);
    if (long.count < MIN_ROUNDS) return 0;
    if (this.isPath(long)) {
      this.takeForPath(long, queueMs, nowMs);
      return 0;
    }
    if (long.events < (this.known ? MIN_EVENTS_AGAIN : MIN_EVENTS) || !this.isExcess(long)) return 0;
    const rate = ((long.bytes - long.lostBytes) * 1000) / Math.max(long.elapsedMs, 1);
    this.onGiveWay(long, queueMs, nowMs);
    return rate;
  }

  reset(): void {
    this.long?.clear();
    this.baseMs = Infinity;
    this.known = false;
  }

  /** Whether the crowd is to be forgotten, as nothing has been seen of it for long. */
  private get isOver(): boolean {
    const { rounds } = this;
    const shortMs = this.isLong ? 0 : rounds.fromMs - rounds.elapsedMs - this.longAtMs;
    return rounds.fromMs - this.gaveWayAtMs > FORGET_LONG_MS || shortMs > FORGET_MS;
  }

  private isExcess(long: LongQueue): boolean {
    const share = long.lostBytes / long.bytes;
    if (!this.known) return this.losses.isExcessShare(share);
    return share > Math.min(2 * this.losses.pathShare + EXCESS_AGAIN, MAX_PATH_SHARE);
  }

  /** Whether the flow has given way for seconds, and nothing came of it. */
  private isPath(long: LongQueue): boolean {
    if (!this.known || long.levelForMs < PATH_MS || long.lostBytes > MAX_PATH_SHARE * long.bytes) return false;
    return long.lowMs >= STEADY_PATH * long.topMs || long.levelForMs >= ROUGH_PATH_MS;
  }

  private onGiveWay(long: LongQueue, queueMs: number, nowMs: number): void {
    if (!this.known) {
      long.beginLevel(queueMs);
      this.queue.rebase(this.baseMs, nowMs);
    }
    this.known = true;
    this.gaveWayAtMs = this.rounds.fromMs;
    long.clear();
  }

  private takeForPath(long: LongQueue, queueMs: number, nowMs: number): void {
    const { queue } = this;
    this.baseMs += queueMs;
    queue.rebase(this.baseMs, nowMs);
    this.known = false;
    long.clear();
  }
}
