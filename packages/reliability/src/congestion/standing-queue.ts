import { CrowdedQueue } from "./crowded-queue.js";
import type { LossReview } from "./loss-review.js";
import type { OwnQueue } from "./own-queue.js";
import type { QueueSignal } from "./queue-signal.js";
import type { RoundMeter } from "./round-meter.js";

/** Times the threshold that a queue must be to matter to a flow with little to send: games live with less. */
const LONG = 3;
/** Rounds in a row with a long queue, and little of what was sent arriving, that make a flow give way. */
const SUSPECT_ROUNDS = 4;
/** Of what arrived while nothing waited: less, with a queue before it, is what the path lets through. */
const FELL = 0.9;
/** Weight of a round in what arrives while nothing waits. */
const QUIET_WEIGHT: number = 1 / 16;
/** A queue that grows by so much in one round is a longer path, or somebody else's doing; by so much in all, ours. */
const JUMP = 1.25;
const GREW = 1.5;
/** What must be left of a queue, at the most, once the flow has given way: else it is not its own. */
const LEFT = 0.75;

/**
 * Tells for a flow with too little to send to fill the path whether a queue stands before the path all the same, and is
 * its own. Then the path is full, little as it is, and what arrives is what it carries.
 *
 * A round trip that is longer says nothing by itself: the path may be another, or others fill it. A queue of our own
 * comes of sending more than arrives. So either less arrives than while nothing waited, or much is lost, or the queue
 * grows and grows; on a path that became longer all arrives as before, only later. That is the suspicion; a trial
 * decides. The flow gives way, and a queue that does not get shorter by that is not its own: the rate is given back,
 * and there is no other trial until that queue is gone or taken for the path.
 */
export class StandingQueue {
  /** Whether the queue is of many such flows: then a trial of one shows nothing. */
  readonly crowd: CrowdedQueue;
  private readonly queue: QueueSignal;
  private readonly own: OwnQueue;
  private readonly rounds: RoundMeter;
  private readonly losses: LossReview;
  /** bytes and ms of a round while nothing waits. */
  private quietBytes = 0;
  private quietMs = 0;
  /** Whether giving way did nothing to the queue. */
  private isForeign = false;
  /** Rounds in a row with a long queue, and those of them in which less arrived than was sent. */
  private longRounds = 0;
  private slowRounds = 0;
  /** ms. Queue of the first long round or after the last jump, and of the last long round. */
  private levelMs = 0;
  private lastMs = 0;
  /** bytes/s before the trial, 0 when there is none, and ms of the queue that it began with. */
  private rateBefore = 0;
  private trialQueueMs = 0;

  constructor(queue: QueueSignal, own: OwnQueue, rounds: RoundMeter, losses: LossReview) {
    this.crowd = new CrowdedQueue(queue, rounds, losses);
    this.queue = queue;
    this.own = own;
    this.rounds = rounds;
    this.losses = losses;
  }

  /** Whether the queue looks like our own: then its round trip must not become the shortest one. */
  get isSuspected(): boolean {
    return (this.slowRounds > 0 && !this.isForeign) || this.crowd.isSuspected;
  }

  /** A round with little to send ended. Returns whether its queue has to be tried by giving way. */
  onThinRound(): boolean {
    const { queue, rounds, losses } = this;
    const queueMs = queue.roundQueueMs;
    if (queueMs <= queue.thresholdMs) {
      this.isForeign = false;
      this.quietBytes += QUIET_WEIGHT * (rounds.bytes - this.quietBytes);
      this.quietMs += QUIET_WEIGHT * (rounds.elapsedMs - this.quietMs);
    }
    if (queueMs <= LONG * queue.thresholdMs || !this.own.isMuch(rounds.rateBytesPerSecond, queueMs)) {
      this.longRounds = this.slowRounds = 0;
      return false;
    }
    this.longRounds += 1;
    if (this.longRounds === 1 || queueMs > this.lastMs * JUMP) this.levelMs = queueMs;
    this.lastMs = queueMs;
    const isSlow = rounds.rateBytesPerSecond * this.quietMs < FELL * this.quietBytes * 1000;
    this.slowRounds = isSlow || losses.isExcess(rounds.lossShare, rounds.lostBytes) ? this.slowRounds + 1 : 0;
    if (this.isForeign || this.crowd.isKnown || this.longRounds < SUSPECT_ROUNDS) return false;
    return this.slowRounds >= SUSPECT_ROUNDS || queueMs > this.levelMs * GREW;
  }

  /** The flow gives way to see whether the queue does. `rateBefore`: bytes/s. */
  beginTrial(rateBefore: number): void {
    this.rateBefore = rateBefore;
    this.trialQueueMs = this.queue.recentQueueMs;
    this.longRounds = this.slowRounds = 0;
  }

  /** The flow has given way. Returns the rate to go back to, bytes/s, or 0 to stay. */
  endTrial(): number {
    const rate = this.rateBefore;
    this.rateBefore = 0;
    if (rate === 0 || this.crowd.isKnown || this.queue.recentQueueMs <= LEFT * this.trialQueueMs) return 0;
    this.isForeign = true;
    return rate;
  }

  reset(): void {
    this.crowd.reset();
    this.quietBytes = this.quietMs = this.longRounds = this.slowRounds = this.rateBefore = 0;
    this.isForeign = false;
  }
}
