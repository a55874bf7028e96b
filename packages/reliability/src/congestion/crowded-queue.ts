import { MIN_DATAGRAM_BYTES } from "@sortie/wire";
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
/** Share of the longest queue that the shortest one must be: jitter comes and goes, a full queue and a path stay. */
const STEADY = 0.9;
/** The same for a longer path, and ms in which it must be so, though the flow gave way. Jitter takes longer to tell. */
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
  /** ms. Shortest round trip ever, or since the path was found to be longer. */
  private baseMs = Infinity;
  /** Since the flow gave way, or the queue was short or moved: rounds, their bytes, lost bytes, lossy ACKs and ms. */
  private count = 0;
  private bytes = 0;
  private lostBytes = 0;
  private events = 0;
  private elapsedMs = 0;
  /** ms. The shortest and the longest queue since it was last steady, and how long that is. */
  private lowMs = 0;
  private topMs = 0;
  private levelForMs = 0;
  /** ms since the flow gave way, and since the queue was last long. */
  private sinceMs = 0;
  private shortMs = 0;

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
    return this.known && this.sinceMs < HOLD_MS && this.shortMs === 0;
  }

  /** Whether the queue looks like a crowd's: then its round trip must not become the shortest one. */
  get isSuspected(): boolean {
    return this.known || (this.events >= MIN_EVENTS_SUSPECT && this.isExcess);
  }

  /**
   * A round ended; one of a drain says little.
   * @returns bytes/s that arrived, when it is for the flow to give way to that; else 0
   */
  onRound(isDraining: boolean, nowMs: number): number {
    const { queue, rounds } = this;
    this.baseMs = Math.min(this.baseMs, queue.baseMs);
    const queueMs = queue.baseMs + queue.roundQueueMs - this.baseMs;
    this.sinceMs += rounds.elapsedMs;
    if (this.sinceMs > FORGET_LONG_MS || this.shortMs > FORGET_MS) this.known = false;
    if (queueMs <= LONG * queue.thresholdMs || rounds.bytes > THIN_BYTES) {
      this.onShortQueue();
      return 0;
    }
    this.shortMs = 0;
    this.followLevel(queueMs);
    if (isDraining) return 0;
    this.count += 1;
    this.bytes += rounds.bytes;
    this.lostBytes = Math.max(this.lostBytes + rounds.lostBytes - rounds.regainedBytes, 0);
    this.events += rounds.lossEvents;
    this.elapsedMs += rounds.elapsedMs;
    if (this.count < MIN_ROUNDS) return 0;
    if (this.isPath) {
      this.takeForPath(queueMs, nowMs);
      return 0;
    }
    if (this.events < (this.known ? MIN_EVENTS_AGAIN : MIN_EVENTS) || !this.isExcess) return 0;
    const rate = ((this.bytes - this.lostBytes) * 1000) / Math.max(this.elapsedMs, 1);
    this.onGiveWay(queueMs, nowMs);
    return rate;
  }

  reset(): void {
    this.clear();
    this.baseMs = Infinity;
    this.known = false;
  }

  private get isExcess(): boolean {
    const share = this.lostBytes / this.bytes;
    if (!this.known) return this.losses.isExcessShare(share);
    return share > Math.min(2 * this.losses.pathShare + EXCESS_AGAIN, MAX_PATH_SHARE);
  }

  /** Whether the flow has given way for seconds, and nothing came of it. */
  private get isPath(): boolean {
    if (!this.known || this.levelForMs < PATH_MS || this.lostBytes > MAX_PATH_SHARE * this.bytes) return false;
    return this.lowMs >= STEADY_PATH * this.topMs || this.levelForMs >= ROUGH_PATH_MS;
  }

  private onShortQueue(): void {
    this.clear();
    this.lowMs = 0;
    this.shortMs += this.rounds.elapsedMs;
  }

  private followLevel(queueMs: number): void {
    this.lowMs = Math.min(this.lowMs, queueMs);
    this.topMs = Math.max(this.topMs, queueMs);
    this.levelForMs += this.rounds.elapsedMs;
    if (this.lowMs >= STEADY * this.topMs) return;
    if (!this.known) this.clear();
    this.beginLevel(queueMs);
  }

  private beginLevel(queueMs: number): void {
    this.lowMs = this.topMs = queueMs;
    this.levelForMs = 0;
  }

  private onGiveWay(queueMs: number, nowMs: number): void {
    if (!this.known) {
      this.beginLevel(queueMs);
      this.queue.rebase(this.baseMs, nowMs);
    }
    this.known = true;
    this.sinceMs = 0;
    this.clear();
  }

  private takeForPath(queueMs: number, nowMs: number): void {
    const { queue } = this;
    this.baseMs += queueMs;
    queue.rebase(this.baseMs, nowMs);
    this.known = false;
    this.clear();
  }

  private clear(): void {
    this.count = this.bytes = this.lostBytes = this.events = this.elapsedMs = 0;
  }
}
