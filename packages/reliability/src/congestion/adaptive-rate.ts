import { MAX_DATAGRAM_BYTES, MIN_DATAGRAM_BYTES } from "@sortie/wire";
import { TokenBucket } from "../pacer.js";
import type { AckSample } from "./ack-sample.js";
import { BandwidthFilter } from "./bandwidth-filter.js";
import { BandwidthProbe } from "./bandwidth-probe.js";
import { BaseRenewal } from "./base-renewal.js";
import type { CongestionController } from "./congestion-controller.js";
import { ForeignQueue } from "./foreign-queue.js";
import { LossReview } from "./loss-review.js";
import { OwnQueue } from "./own-queue.js";
import { burstBytes, DRAIN_GAIN, drainGain, firstPace, leastPace, STARTUP_GAIN, startupGain } from "./pace.js";
import { ASSUMED_RTT_MS, checkPacedOptions, INITIAL_WINDOW_BYTES } from "./paced-options.js";
import type { PacedControllerOptions } from "./paced-options.js";
import { PhaseClock } from "./phase-clock.js";
import { QueueSignal } from "./queue-signal.js";
import { RoundMeter } from "./round-meter.js";
import { MIN_WINDOW_BYTES, SlowRestart } from "./slow-restart.js";
import { StandingQueue } from "./standing-queue.js";
import { StartupGrowth } from "./startup-growth.js";
import { TrainMeter } from "./train-meter.js";

/** bytes that small messages may be in flight beyond the window: bulk that fills it does not hold them up. */
const SMALL_RESERVE_BYTES: number = 10 * MIN_DATAGRAM_BYTES;
/** Of the bandwidth that may be in flight for a round trip: twice, so that late ACKs do not stop the flow (BBR). */
const WINDOW_GAIN = 2;

/** Rounds and ms between probes, and the longest random time added so that flows do not probe together. */
const CRUISE_ROUNDS = 4;
const CRUISE_MS = 400;
const CRUISE_SPREAD_MS = 300;

/** After the start the rate is known and the queue may be long. */
const STARTUP_DRAIN_GAIN = 0.3;
/** A queue of so many times the threshold is not looked at for a whole round: the path's rate fell. */
const SUDDEN = 3;
const MAX_DRAIN_ROUNDS = 4;
/** Rounds until what was sent since a change is seen in acknowledgements. */
const SETTLE_ROUNDS = 2;
/** ms without data enough to measure the bandwidth, after which half of it is forgotten; then again and again. */
const UNUSED_MS = 20_000;
const UNUSED_AGAIN_MS = 10_000;

/** What the controller is doing. */
export type AdaptivePhase = "startup" | "drain" | "cruise" | "probe" | "probe-end" | "probe-rtt";

/**
 * The default controller: sends at the rate that the path was measured to carry, and keeps queues short.
 *
 * As in BBR a model of the path (bandwidth, shortest round trip) sets pace and window, so that random losses do not
 * slow it down and ACKs may be late; from delay-based control (Vegas, FAST, Copa) it has that a queue it contributes to
 * makes it give way. docs/decisions/0026-adaptive-rate.md says why, and what was measured.
 *
 * - startup: grows from round to round, up to what packet trains show, until the rate stops growing or a queue forms.
 * - cruise: sends at the bandwidth. A queue, or more loss than the path has anyway: gives way to 94 % of what arrived.
 * - probe, probe-end: sends more for a round and looks whether more arrives; if so, tries still more at once.
 * - drain: sends less until the queue is gone.
 * - probe-rtt: sends half as much for 200 ms when the shortest round trip has not been seen for ten seconds, or jumped
 *   and giving way has not brought it back.
 */
export class AdaptiveRate implements CongestionController {
  private readonly maxRate: number;
  private flushIntervalMs: number;
  private readonly bucket: TokenBucket;
  private readonly bandwidth: BandwidthFilter = new BandwidthFilter();
  private readonly queue: QueueSignal;
  private readonly own: OwnQueue;
  private readonly standing: StandingQueue;
  private readonly foreign: ForeignQueue;
  private readonly renewal: BaseRenewal;
  private readonly rounds: RoundMeter = new RoundMeter();
  private readonly losses: LossReview = new LossReview();
  /** Made in each start when packets leave together for the first time: it is asked for the rate to grow to. */
  private trains: TrainMeter | undefined = undefined;
  private readonly growth: StartupGrowth = new StartupGrowth();
  private current: AdaptivePhase = "startup";
  private readonly clock: PhaseClock;
  private deliveredBytes = 0;
  private gain: number = STARTUP_GAIN;
  private window: number = INITIAL_WINDOW_BYTES;
  /** Made when nearly all was lost for the first time. */
  private restart: SlowRestart | undefined = undefined;
  private pace = 0;
  private readonly probing: BandwidthProbe;
  private cruiseMs: number = CRUISE_MS;
  /** Whether the drain answers to congestion, not to the end of a probe or of the start. */
  private givesWay = false;
  private ackDelayMs = 0;
  private smoothedRttMs: number = ASSUMED_RTT_MS;
  private maxAckDelayMs = 0;
  private usedAtMs = 0;

  /** @throws RangeError or TypeError when an option is out of range, TypeError when there is none of its name */
  constructor(options: PacedControllerOptions = {}) {
    const { maxRateBytesPerSecond, flushIntervalMs } = checkPacedOptions(options);
    this.maxRate = maxRateBytesPerSecond;
    this.flushIntervalMs = flushIntervalMs;
    this.queue = new QueueSignal(flushIntervalMs);
    this.own = new OwnQueue(this.bandwidth, this.queue);
    this.standing = new StandingQueue(this.queue, this.own, this.rounds, this.losses);
    this.foreign = new ForeignQueue(this.queue, this.standing.crowd);
    this.renewal = new BaseRenewal(this.bandwidth, this.queue, this.foreign);
    this.clock = new PhaseClock(this.bandwidth, this.queue, this.rounds);
    this.probing = new BandwidthProbe(this.queue, flushIntervalMs);
    this.bucket = new TokenBucket(this.maxRate, INITIAL_WINDOW_BYTES);
    this.applyModel(0);
  }

  get phase(): AdaptivePhase {
    return this.current;
  }

  get windowBytes(): number {
    return Math.min(this.window, this.restart?.windowBytes ?? Infinity);
  }

  get paceBytesPerSecond(): number {
    return this.pace;
  }

  get bandwidthBytesPerSecond(): number {
    return this.bandwidth.bytesPerSecond;
  }

  onPacketSent(bytes: number, nowMs: number, _bytesInFlight: number): void {
    this.bucket.take(bytes, nowMs);
  }

  onPacketAcked(bytes: number, _sentAtMs: number, _nowMs: number, _isAppLimited: boolean): void {
    this.restart?.onArrived(bytes);
  }

  onPacketsLost(_bytes: number, _largestLostSentAtMs: number, _nowMs: number, persistent: boolean): void {
    // How much was lost is judged by the round; that nothing arrived for long is another matter.
    if (persistent) (this.restart ??= new SlowRestart()).begin(0);
  }

  onSpuriousLoss(bytes: number, _sentAtMs: number, nowMs: number): void {
    this.restart?.onArrived(bytes);
    this.rounds.onSpuriousLoss(bytes);
    if (!this.losses.onSpuriousLoss(bytes)) return;
    this.bandwidth.set(Math.max(this.losses.rateBefore, this.bandwidthBytesPerSecond), this.deliveredBytes);
    if (this.current === "drain") this.cruise(nowMs);
  }

  onPathChanged(nowMs: number): void {
    this.queue.reset();
    this.losses.reset();
    this.standing.reset();
    this.foreign.reset();
    this.bandwidth.set(0, this.rounds.fromBytes);
    this.bandwidth.restartPeak();
    this.restart?.onPathChanged();
    this.own.isShared = false;
    this.startUp(nowMs);
    this.applyModel(nowMs);
  }

  onFlushInterval(intervalMs: number, nowMs: number): void {
    this.flushIntervalMs = intervalMs;
    this.queue.setFlushInterval(intervalMs);
    this.probing.setFlushInterval(intervalMs);
    this.applyModel(nowMs);
  }

  canSend(bytes: number, bytesInFlight: number, nowMs: number, isSmall: boolean): boolean {
    const reserve = isSmall ? (this.restart?.reserve(SMALL_RESERVE_BYTES) ?? SMALL_RESERVE_BYTES) : 0;
    return bytesInFlight + bytes <= this.windowBytes + reserve && this.nextSendAt(bytes, nowMs, isSmall) <= nowMs;
  }

  nextSendAt(bytes: number, nowMs: number, isSmall: boolean): number {
    return isSmall ? this.bucket.creditAt(bytes, nowMs) : this.bucket.readyAt(bytes, nowMs);
  }

  onAck(sample: AckSample): void {
    const { nowMs, rttMs } = sample;
    this.maxAckDelayMs = sample.maxAckDelayMs + sample.maxReturnWaitMs;
    this.deliveredBytes = sample.deliveredBytes;
    if (rttMs >= 0) {
      this.smoothedRttMs = sample.smoothedRttMs;
      this.queue.onSample(rttMs, nowMs, nowMs - sample.ackDelayMs - sample.returnWaitMs - rttMs, sample.maxAckDelayMs);
      this.ackDelayMs += (sample.ackDelayMs + sample.returnWaitMs - this.ackDelayMs) / 8;
      if (this.current === "probe-rtt") this.renewal.onRtt(rttMs);
    }
    this.bandwidth.onAck(sample);
    if (sample.trainBytes > 0 && this.current === "startup") (this.trains ??= new TrainMeter()).onAck(sample);
    const roundEnds = this.rounds.onAck(sample);
    if (roundEnds) this.onRound(nowMs);
    this.movePhase(sample, roundEnds);
    this.applyModel(nowMs);
  }

  private onRound(nowMs: number): void {
    const { rounds, losses } = this;
    this.trains?.onRound();
    const { lossShare, lostBytes } = rounds;
    if (losses.isNearlyAll(lossShare, lostBytes)) (this.restart ??= new SlowRestart()).begin(rounds.bytes - lostBytes);
    const isQuiet = rounds.isAppLimited || (this.current === "cruise" && this.clock.rounds > SETTLE_ROUNDS);
    this.queue.onRound(isQuiet && this.queue.recentQueueMs <= this.queue.thresholdMs);
    this.foreign.onRound(rounds, nowMs);
    const crowdRate = this.standing.crowd.onRound(this.current === "drain", nowMs);
    if (crowdRate > 0) return this.giveWay(crowdRate, nowMs);
    if (rounds.isAppLimited) return this.onThinRound(nowMs);
    this.usedAtMs = nowMs;
    const isReview = this.current === "drain" && this.givesWay && this.clock.rounds === SETTLE_ROUNDS;
    if (isReview && !this.standing.crowd.isStanding) {
      const rate = losses.onSlower(lossShare);
      if (rate > 0) this.bandwidth.set(rate, rounds.fromBytes);
    }
    const isLossy = losses.isExcess(lossShare, lostBytes);
    if (this.current === "startup") {
      if (this.growth.isFull(this.bandwidthBytesPerSecond, isLossy)) this.drain(STARTUP_DRAIN_GAIN, nowMs);
    } else if (isLossy && (this.current === "cruise" || this.current === "probe-end")) this.backOff(lossShare, nowMs);
  }

  private onThinRound(nowMs: number): void {
    const lossShare = this.losses.onThinRound(this.rounds.lostBytes, this.rounds.bytes);
    if (lossShare > 0 && this.current !== "drain") this.backOff(lossShare, nowMs);
    else if (this.standing.onThinRound() && (this.current === "cruise" || this.current === "startup")) {
      this.standing.beginTrial(this.bandwidthBytesPerSecond);
      this.giveWay(0, nowMs);
    } else this.onUnused(nowMs);
  }

  private backOff(lossShare: number, nowMs: number): void {
    this.losses.onBackOff(lossShare, this.rounds.lostBytes, this.bandwidthBytesPerSecond);
    this.giveWay(0, nowMs, false);
    this.foreign.onLosses(this.bandwidthBytesPerSecond);
  }

  /** What was measured long ago says little: half of it is forgotten, and found again by a new start if it is there. */
  private onUnused(nowMs: number): void {
    if (nowMs - this.usedAtMs < UNUSED_MS || this.standing.crowd.isKnown) return;
    this.usedAtMs = nowMs - UNUSED_MS + UNUSED_AGAIN_MS;
    const rate = Math.max(this.bandwidthBytesPerSecond / 2, this.rounds.rateBytesPerSecond);
    this.bandwidth.set(Math.min(rate, this.bandwidthBytesPerSecond), this.rounds.fromBytes);
    if (this.current !== "startup") this.startUp(nowMs);
  }

  private movePhase(sample: AckSample, roundEnds: boolean): void {
    const { nowMs, isAppLimited } = sample;
    const { queue } = this;
    switch (this.current) {
      case "startup":
        if (!isAppLimited && this.own.isTooLong(queue.recentQueueMs)) this.drain(STARTUP_DRAIN_GAIN, nowMs);
        break;
      case "drain":
        this.clock.onDrainAck(sample);
        if (this.isDrained(sample.bytesInFlight)) this.afterDrain(nowMs);
        break;
      case "cruise":
        if (!isAppLimited && this.isSettled(nowMs) && this.isForUs(queue.recentQueueMs / SUDDEN)) {
          this.giveWay(sample.deliveryRateBytesPerSecond, nowMs);
        } else if (roundEnds) this.afterCruiseRound(nowMs, isAppLimited && !this.standing.crowd.isKnown);
        break;
      case "probe":
        if (this.isProbeQueue()) this.drain(DRAIN_GAIN, nowMs);
        else if (this.clock.elapsedMs(nowMs) >= this.probing.durationMs) this.enter("probe-end", 1, nowMs);
        break;
      case "probe-end":
        if (this.isProbeQueue()) this.drain(DRAIN_GAIN, nowMs);
        else if (this.clock.isSeen(sample)) {
          if (this.probing.foundRoom(this.bandwidthBytesPerSecond)) this.probe(true, nowMs);
          else this.drain(DRAIN_GAIN, nowMs);
        }
        break;
      case "probe-rtt":
        if (this.clock.rounds < 1 || !this.renewal.isOver(nowMs)) break;
        if (this.renewal.end(nowMs)) this.startUp(nowMs);
        else this.cruise(nowMs);
    }
  }

  private afterDrain(nowMs: number): void {
    const rate = this.standing.endTrial() || this.foreign.onGivenWay(this.bandwidthBytesPerSecond, nowMs);
    if (rate > 0) this.bandwidth.set(rate, this.rounds.fromBytes);
    if (this.foreign.keptRate > 0) this.bandwidth.limitTo(this.bandwidthBytesPerSecond);
    this.cruise(nowMs);
  }

  private afterCruiseRound(nowMs: number, isAppLimited: boolean): void {
    const { queue } = this;
    if (isAppLimited) {
      // A flow that leaves the path idle sees its shortest round trip as it is; one that only seems to does not.
      const isKnown = queue.recentMinMs !== Infinity && !this.standing.isSuspected;
      if (isKnown && queue.isStale(nowMs)) queue.rebase(queue.recentMinMs, nowMs);
      return;
    }
    const { crowd } = this.standing;
    if (!crowd.isSuspected && (queue.isStale(nowMs) || this.renewal.givesWayInVain)) {
      this.renewal.begin(nowMs);
      this.enter("probe-rtt", 1, nowMs);
      return;
    }
    if (this.clock.rounds < SETTLE_ROUNDS) return;
    // One round may be one lump of ACKs (Wi-Fi), whose least round trip says little.
    if (this.isForUs(Math.min(queue.roundQueueMs, queue.recentQueueMs))) this.giveWay(0, nowMs);
    else if (!crowd.isStanding && this.clock.rounds >= CRUISE_ROUNDS && this.clock.elapsedMs(nowMs) >= this.cruiseMs) {
      this.probe(false, nowMs);
    }
  }

  private startUp(nowMs: number): void {
    this.growth.begin();
    this.bandwidth.nextCycle();
    this.trains = undefined;
    this.enter("startup", STARTUP_GAIN, nowMs);
  }

  private cruise(nowMs: number): void {
    // Not random, but different from flow to flow: how much has arrived.
    this.cruiseMs = CRUISE_MS + (this.rounds.fromBytes % CRUISE_SPREAD_MS);
    this.enter("cruise", 1, nowMs);
  }

  private drain(gain: number, nowMs: number): void {
    this.givesWay = false;
    this.enter("drain", gain, nowMs);
  }

  /** `deliveryRate`: bytes/s at which data arrived lately; 0 when unknown. `toQueue`: not to losses. */
  private giveWay(deliveryRate: number, nowMs: number, toQueue: boolean = true): void {
    const { queue, own } = this;
    let rate = Math.min(this.bandwidthBytesPerSecond, deliveryRate > 0 ? deliveryRate : Infinity);
    // What arrived for want of data says nothing beside a rate that was measured with enough of it.
    if (deliveryRate === 0 || !this.rounds.isAppLimited) rate = Math.min(rate, this.rounds.rateBytesPerSecond);
    if (toQueue) this.foreign.onGiveWay(rate, nowMs);
    const most = (this.standing.crowd.isStanding ? rate : this.bandwidthBytesPerSecond) * own.backOff;
    this.bandwidth.set(Math.max(rate * own.backOff, toQueue ? this.foreign.keptRate : 0), this.deliveredBytes);
    if (toQueue && !queue.isShortPath) this.bandwidth.limitTo(most);
    this.probing.onGiveWay();
    this.drain(drainGain(queue), nowMs);
    this.givesWay = true;
  }

  private probe(again: boolean, nowMs: number): void {
    this.probing.start(this.bandwidthBytesPerSecond, again);
    this.bandwidth.nextCycle(this.probing.mostBytesPerSecond);
    this.enter("probe", this.probing.gain, nowMs);
  }

  private enter(phase: AdaptivePhase, gain: number, nowMs: number): void {
    this.current = phase;
    this.gain = gain;
    this.clock.begin(this.deliveredBytes, nowMs);
  }

  /** Whether a queue of so many ms is to be given way to. */
  private isForUs(queueMs: number): boolean {
    return this.own.isTooLong(queueMs) && !this.foreign.isEnough(this.bandwidthBytesPerSecond);
  }

  /** Whether the queue is of what was sent in this phase, or so deep that there is no waiting for that. */
  private isSettled(nowMs: number): boolean {
    return this.clock.rounds >= SETTLE_ROUNDS || this.clock.hasDeepened(nowMs);
  }

  private isProbeQueue(): boolean {
    const { recentQueueMs } = this.queue;
    return recentQueueMs > this.probing.queueLimitMs && this.own.isTooLong(recentQueueMs);
  }

  private isDrained(bytesInFlight: number): boolean {
    const { queue, clock } = this;
    if (this.givesWay) {
      if (clock.rounds < SETTLE_ROUNDS) return false;
      const { isClear } = this.own;
      if (!isClear && clock.rounds < MAX_DRAIN_ROUNDS) return false;
      this.own.isShared = !isClear;
      return true;
    }
    // What is on its way when nothing waits: a round trip, and what waits for its ACK or for our next flush.
    const emptyMs = queue.baseMs + this.ackDelayMs + this.flushIntervalMs / 2;
    const emptyBytes = (this.bandwidthBytesPerSecond * emptyMs) / 1000 + 2 * MIN_DATAGRAM_BYTES;
    return bytesInFlight <= emptyBytes || clock.rounds >= SETTLE_ROUNDS;
  }

  /** Sets pace, burst and window by the model. */
  private applyModel(nowMs: number): void {
    const { queue, bandwidth, flushIntervalMs } = this;
    const isStartup = this.current === "startup";
    const rate = bandwidth.bytesPerSecond;
    const baseMs = queue.baseMs === Infinity ? ASSUMED_RTT_MS : queue.baseMs;
    const relief = this.current === "cruise" ? this.own.relief : 1;
    const gain = isStartup ? startupGain(rate, this.trains?.bytesPerSecond ?? 0) : this.gain * relief;
    let pace = (rate * gain) / (1 - this.losses.pathShare);
    if (isStartup) pace = Math.max(pace, firstPace(baseMs));
    this.pace = Math.min(Math.max(pace, leastPace(this.smoothedRttMs, this.standing.crowd.isKnown)), this.maxRate);
    const leastBurst = isStartup ? INITIAL_WINDOW_BYTES : 2 * MAX_DATAGRAM_BYTES;
    this.bucket.setRate(this.pace, nowMs, burstBytes(this.pace, flushIntervalMs, leastBurst));
    const bytesPerRound = (rate * baseMs) / 1000;
    if (this.current === "probe-rtt") {
      this.window = Math.max(bytesPerRound / 2, MIN_WINDOW_BYTES);
      return;
    }
    // ACKs may wait for the peer, and packets for our flush, without the flow running dry.
    const slack = (rate * (this.maxAckDelayMs + flushIntervalMs + queue.noiseMs)) / 1000;
    const windowGain = isStartup ? Math.max(gain, WINDOW_GAIN) : WINDOW_GAIN;
    this.window = Math.max(windowGain * bytesPerRound + slack, isStartup ? INITIAL_WINDOW_BYTES : MIN_WINDOW_BYTES);
  }
}
