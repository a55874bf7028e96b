import type { Frame } from "@sortie/wire";
import { checkAck } from "./ack-check.js";
import { AckHold } from "./ack-hold.js";
import { AckUrgency, RELAXED_ACK_MS } from "./ack-urgency.js";
import type { AckSample } from "./congestion/ack-sample.js";
import type { CongestionController } from "./congestion/congestion-controller.js";
import { DeliveryRateSampler } from "./congestion/delivery-rate.js";
import type { EndpointOptions, EndpointTrace, EndpointViolation, PacketFates } from "./endpoint-options.js";
import { HoldUp } from "./hold-up.js";
import { LossBatch } from "./loss-batch.js";
import { LossDetector, type LossSink } from "./loss-detector.js";
import { OwnBurst } from "./own-burst.js";
import type { SentItemSink } from "./part-chains.js";
import { ReturnQueue } from "./return-queue.js";
import { RttEstimator } from "./rtt-estimator.js";
import { SentPackets } from "./sent-packets.js";
import { isAwaited, isLost, SentState } from "./sent-state.js";
import { gaugeCongestion, type MutableStatistics } from "./statistics.js";

/** ms. First guess of the round trip; see `EndpointOptions.initialRttMs`. */
const DEFAULT_INITIAL_RTT_MS = 100;
/** ms between probe timeouts at most, unless the round trip is longer: an outage's end is noticed that soon. */
const MAX_PROBE_INTERVAL_MS = 2000;
/** Probes per timeout: two, so that one loss does not cost another timeout (RFC 9002 section 6.2.4). */
const PROBES = 2;
/**
 * ms, at least, between packets beyond the window, or an ACK's numbers, when nothing is acknowledged: a game goes on
 * within a tick or two of an outage's end. A quarter of the round trip if that is longer: it may be a queue.
 */
const STALLED_INTERVAL_MS = 25;

/** Told what became of what packets carried. */
export interface RecoverySink {
  readonly acked: SentItemSink;
  readonly lost: SentItemSink;
  onControlsAcked(mask: number): void;
  onControlsLost(mask: number): void;
  /** A packet with our ACK up to `largest` arrived. */
  onAckAcked(largest: number): void;
}

/**
 * Sent packets, round trip, losses and probe timeouts (RFC 9002 sections 5 and 6); feeds the congestion controller.
 *
 * After a change of path, packets of the former one are acknowledged, lost and sent again as before, but nothing is
 * learned from them: neither round trip nor rate nor losses are those of the present path, and they take none of its
 * window (RFC 9002 section 7, RFC 9000 section 9.4; ngtcp2 does it in the same way, by a packet number).
 *
 * When this process was held up, packets of before give no round trip and no rate, and none of them is lost by time or
 * probed for before what came meanwhile was read: see {@link HoldUp}.
 */
export class Recovery implements LossSink {
  readonly sent: SentPackets;
  readonly rtt: RttEstimator;
  readonly detector: LossDetector = new LossDetector();
  readonly sampler: DeliveryRateSampler = new DeliveryRateSampler();
  readonly holdUp: HoldUp;
  readonly congestion: CongestionController;
  /** Probe packets that are to be sent. */
  probesPending = 0;
  private packetsAcked = 0;
  /** Probe timeouts in a row. */
  probeCount = 0;
  private readonly sink: RecoverySink;
  private readonly statistics: MutableStatistics;
  private readonly trace: EndpointTrace | undefined;
  private readonly fates: PacketFates | undefined;
  /** Made with the first loss. */
  private losses: LossBatch | undefined = undefined;
  private readonly burst: OwnBurst = new OwnBurst();
  private readonly hold: AckHold = new AckHold();
  readonly back: ReturnQueue = new ReturnQueue();
  private largestAcked = -1;
  /** The youngest packet that the last ACK with news took out of flight. */
  private newestTaken = -1;
  private progressAtMs = -Infinity;
  private elicitingSentAtMs = -Infinity;

  constructor(
    options: EndpointOptions,
    congestion: CongestionController,
    statistics: MutableStatistics,
    sink: RecoverySink,
  ) {
    this.sent = new SentPackets(options.initialPacketNumber ?? 0, options.randomU32);
    this.rtt = new RttEstimator(options.initialRttMs ?? DEFAULT_INITIAL_RTT_MS, options.peerMaxAckDelayMs);
    this.holdUp = new HoldUp(options.usualDelayMs ?? options.localMaxAckDelayMs);
    this.congestion = congestion;
    this.statistics = statistics;
    this.sink = sink;
    this.trace = options.trace;
    this.fates = options.fates;
  }

  /** Brings the gauges of sending up to date. */
  gauge(statistics: MutableStatistics): void {
    const { sent, sampler } = this;
    statistics.packetsSent = sent.count;
    statistics.packetsAcked = this.packetsAcked;
    statistics.packetsInFlight = sent.packetsInFlight;
    statistics.bytesInFlight = sent.bytesInFlight;
    gaugeCongestion(statistics, this.congestion);
    statistics.deliveryRateBytesPerSecond = sampler.deliveryRateBytesPerSecond;
    statistics.isAppLimited = sampler.isAppLimited;
  }

  /**
   * The time, before anything is done that depends on it: this process may have been held up until now.
   * @param dueAtMs when the owner's next timeout was due, before it is told the time
   */
  notice(dueAtMs: number, nowMs: number): void {
    if (this.holdUp.judge(dueAtMs, nowMs, this.sent.nextNumber)) this.detector.putOff(this.holdUp.excusedUntilMs);
  }

  /** Applies an ACK, or finds out that it lies; then nothing of it is applied. Work: at most its bitmap, 1024 bits. */
  onAck(frame: Frame, bytes: Uint8Array, nowMs: number): EndpointViolation | undefined {
    const { largest } = frame;
    const { sent } = this;
    const violation = checkAck(sent, frame, bytes);
    if (violation !== undefined) return violation;
    const measuredFrom = Math.max(sent.pathSince, this.holdUp.firstNumber);
    const previous = this.largestAcked;
    if (largest > previous) this.largestAcked = largest;
    const graceMs = sent.isRelaxed(largest) ? RELAXED_ACK_MS : 0;
    const ackDelayMs = this.rtt.believedDelayMs(frame.delayUs / 1000, graceMs);
    // Only the largest, and only when it asked for the ACK, says how long the way was (RFC 9002 section 5.1).
    const sampleMs = isAwaited(sent.stateOf(largest)) && largest >= measuredFrom ? nowMs - sent.sentAtOf(largest) : -1;
    if (sampleMs >= 0) this.rtt.update(sampleMs, ackDelayMs, graceMs);
    this.back.onAck(sampleMs, frame.receivedAtUs, this.rtt, nowMs);
    this.sampler.begin(nowMs, ackDelayMs, this.back);
    this.newestTaken = -1;
    this.hold.begin();
    let progress = false;
    for (let at = frame.end - 1; at >= frame.start; at--) {
      const byte = bytes[at] as number;
      if (byte === 0) continue;
      const base = largest - 1 - (at - frame.start) * 8;
      for (let bit = 7; bit >= 0; bit--) {
        if ((byte & (1 << bit)) !== 0) progress = this.onPacketAcked(base - bit, previous, nowMs) || progress;
      }
    }
    progress = this.onPacketAcked(largest, previous, nowMs) || progress;
    if (!progress) return undefined;
    this.progressAtMs = nowMs;
    this.probeCount = this.probesPending = 0;
    this.detectLosses(nowMs);
    this.reportAck(sampleMs < 0 ? -1 : largest);
    return undefined;
  }

  onPacketLost(packetNumber: number, state: SentState, nowMs: number): void {
    const { sent, sink } = this;
    const isOfPath = packetNumber >= sent.pathSince;
    if (isOfPath) this.fates?.onPacketLost(packetNumber, sent.bytesOf(packetNumber));
    if (sent.isProbe(packetNumber)) {
      sent.resolve(packetNumber, state);
      return;
    }
    if (isOfPath) {
      this.losses ??= new LossBatch(sent, this.rtt, this.holdUp);
      this.losses.add(packetNumber);
    }
    sent.resolve(packetNumber, state);
    this.statistics.packetsLost += 1;
    this.trace?.onPacketLost?.(packetNumber, nowMs);
    const controls = sent.controlsOf(packetNumber);
    if (controls !== 0) sink.onControlsLost(controls);
    // The parts stay remembered: should the packet turn up, they need not go again.
    sent.visitItems(packetNumber, sink.lost);
  }

  /** Records the packet that `sent.begin` prepared. */
  commit(urgency: AckUrgency, bytes: number, nowMs: number, controlMask: number, ackLargest: number): void {
    const { sent } = this;
    const eliciting = urgency !== AckUrgency.None;
    if (eliciting) this.sampler.onSent(sent, sent.nextNumber, sent.bytesInFlight, nowMs);
    const state = eliciting ? SentState.InFlight : SentState.Passive;
    sent.commit(state, bytes, nowMs, controlMask, ackLargest, urgency === AckUrgency.Relaxed);
    if (!eliciting) return;
    this.elicitingSentAtMs = nowMs;
    if (this.probesPending > 0) this.probesPending -= 1;
    this.congestion.onPacketSent(bytes, nowMs, sent.bytesInFlight);
  }

  /** The path is another: it is measured anew, by packets from now on; probe timeouts back off anew. */
  onPathChanged(nowMs: number): void {
    this.sent.beginPath();
    this.probeCount = 0;
    this.losses?.takeSinceAck();
    this.rtt.onPathChanged();
    this.burst.reset();
    this.back.reset();
    this.sampler.onPathChanged();
    this.congestion.onPathChanged(nowMs);
  }

  /** Records a path probe; see `SentState.Probe`. */
  commitProbe(bytes: number, nowMs: number): void {
    this.sent.commit(SentState.Probe, bytes, nowMs, 0, -1);
  }

  /** Makes sure that a packet which must go has a number that can be acknowledged: gives up the oldest if need be. */
  makeRoom(nowMs: number): void {
    while (!this.sent.hasRoom) {
      this.onPacketLost(this.sent.lowest, SentState.GivenUp, nowMs);
      this.losses?.report(this.congestion, nowMs);
    }
  }

  /** Whether a number is free, or held by a probe alone that nobody answers: `makeRoom` gives that up. */
  get hasRoom(): boolean {
    return this.sent.hasRoom || this.sent.stateOf(this.sent.lowest) === SentState.Probe;
  }

  /** Whether a packet with new data may take a number: always, but when 1024 are out and the path is not dead. */
  mayNumber(nowMs: number): boolean {
    return this.hasRoom || nowMs >= this.trickleAt();
  }

  /**
   * ms. When a packet with data may go although the congestion window is full: on a stalled path, now and then. Its
   * end is noticed by the first packet that gets through, and a game should not wait for a probe timeout.
   */
  trickleAt(): number {
    return Math.max(this.stalledAt(), this.elicitingSentAtMs + Math.max(STALLED_INTERVAL_MS, this.rtt.smoothedMs / 4));
  }

  /** ms. Since when nothing was acknowledged that we could have heard of; Infinity when nothing is in flight. */
  get unansweredSinceMs(): number {
    if (this.sent.packetsInFlight === 0) return Infinity;
    return Math.max(this.progressAtMs, this.sent.sentAtOf(this.sent.oldest), this.holdUp.endedAtMs);
  }

  /**
   * Whether nothing depends on how soon acknowledgements come: the path is known, and carries more than is asked of it.
   * Then packets that hold nothing to be sent again leave their acknowledgement to the peer's convenience.
   */
  get isAtEase(): boolean {
    const { sent, rtt, sampler, congestion } = this;
    if (!rtt.hasSample || this.probeCount > 0 || !sampler.isAppLimited) return false;
    return sent.bytesInFlight * 2 <= congestion.windowBytes;
  }

  /** Whether acknowledgements have been missing for longer than a probe timeout, however much is being sent. */
  isStalled(nowMs: number): boolean {
    if (this.sent.packetsInFlight === 0) return false;
    const timeoutMs = this.probeTimeoutMs();
    // Mostly the first says no, and the packets' records are not looked at.
    if (Math.max(this.progressAtMs, this.holdUp.endedAtMs) + timeoutMs > nowMs) return false;
    return this.unansweredFromMs() + timeoutMs <= nowMs;
  }

  /** ms. When `handleTimeout` is due; Infinity when nothing waits. */
  nextTimeoutAt(): number {
    return Math.min(this.detector.lossTimeAt, this.probeAt());
  }

  /** Returns whether a probe timeout has passed, so that probes are due. */
  handleTimeout(nowMs: number): boolean {
    if (this.detector.lossTimeAt <= nowMs) {
      this.detectLosses(nowMs);
      return false;
    }
    if (this.probeAt() > nowMs) return false;
    // A few packets, once: one that is lost too costs a timeout more, two would be more bytes than they guard.
    this.probesPending = this.isSparse ? 1 : PROBES;
    this.probeCount += 1;
    this.statistics.probeTimeouts += 1;
    this.trace?.onProbeTimeout?.(this.probeCount, nowMs);
    return true;
  }

  private probeAt(): number {
    if (this.sent.packetsInFlight === 0 || this.probesPending > 0 || this.detector.lossTimeAt !== Infinity) {
      return Infinity;
    }
    const base = this.probeTimeoutMs();
    // 2^20 is beyond any cap; the exponent must not grow without end.
    const backedOff = base * (1 << Math.min(this.probeCount, 20));
    const waitMs = Math.min(backedOff, Math.max(MAX_PROBE_INTERVAL_MS, base));
    return Math.max(this.probeFromMs() + waitMs, this.holdUp.excusedUntilMs);
  }

  /**
   * ms. What the probe timeout counts from: the last packet that asked for an acknowledgement (RFC 9002 section 6.2.1),
   * at first of a few the oldest. With fewer behind it than the packet threshold nothing else would tell of its loss
   * before another round trip; a message now and then should not wait for that.
   */
  private probeFromMs(): number {
    return this.isSparse ? this.unansweredFromMs() : this.elicitingSentAtMs;
  }

  /**
   * ms. Since when an acknowledgement is waited for: that of a relaxed packet was in no hurry until a prompt one came
   * behind it, whose ACK is for both. Counted from the relaxed one, every reliable message of a game that sends
   * unreliable ones besides would at once be sent twice.
   */
  private unansweredFromMs(): number {
    const { sent } = this;
    if (sent.promptInFlight === 0) return sent.sentAtOf(sent.oldest);
    const promptMs = sent.sentAtOf(sent.oldestPrompt());
    return Math.min(promptMs, sent.sentAtOf(sent.oldest) + RELAXED_ACK_MS);
  }

  private get isSparse(): boolean {
    return this.sent.packetsInFlight <= this.detector.packetThreshold && this.probeCount === 0;
  }

  private stalledAt(): number {
    return this.unansweredSinceMs + this.probeTimeoutMs();
  }

  /** ms. While all in flight is relaxed, its acknowledgement may take longer. */
  private probeTimeoutMs(): number {
    return this.rtt.probeTimeoutMs() + (this.sent.promptInFlight === 0 ? RELAXED_ACK_MS : 0);
  }

  /** Returns whether the packet had been waited for. */
  private onPacketAcked(packetNumber: number, previousLargest: number, nowMs: number): boolean {
    const { sent, sink } = this;
    const state = sent.stateOf(packetNumber);
    if (state === SentState.Unknown || state === SentState.Acked) return false;
    const isOfPath = packetNumber >= sent.pathSince;
    sent.resolve(packetNumber, SentState.Acked);
    this.packetsAcked += 1;
    if (state !== SentState.Passive) {
      if (isOfPath) this.fates?.onPacketAcked(packetNumber, sent.bytesOf(packetNumber));
      this.trace?.onPacketAcked?.(packetNumber, nowMs);
    }
    if (state === SentState.InFlight) {
      if (isOfPath) this.takeIn(packetNumber, nowMs);
    } else if (isLost(state) && !sent.isProbe(packetNumber)) {
      this.onSpuriousLoss(packetNumber, state, previousLargest, nowMs);
    }
    const ackLargest = sent.ackLargestOf(packetNumber);
    if (ackLargest >= 0) sink.onAckAcked(ackLargest);
    const controls = sent.controlsOf(packetNumber);
    if (controls !== 0) sink.onControlsAcked(controls);
    sent.visitItems(packetNumber, sink.acked);
    sent.releaseItems(packetNumber);
    return state !== SentState.Passive;
  }

  /** Learns of the present path from a packet in flight that was acknowledged. */
  private takeIn(packetNumber: number, nowMs: number): void {
    const { sent } = this;
    this.countTaken(packetNumber);
    this.hold.onTaken(sent, packetNumber);
    const isAppLimited = sent.wasAppLimited(packetNumber);
    this.congestion.onPacketAcked(sent.bytesOf(packetNumber), sent.sentAtOf(packetNumber), nowMs, isAppLimited);
  }

  private countTaken(packetNumber: number): void {
    this.sampler.onAcked(this.sent, packetNumber);
    if (packetNumber > this.newestTaken) this.newestTaken = packetNumber;
  }

  private onSpuriousLoss(packetNumber: number, state: SentState, previousLargest: number, nowMs: number): void {
    const { sent } = this;
    this.statistics.spuriousLosses += 1;
    this.trace?.onSpuriousLoss?.(packetNumber, nowMs);
    if (packetNumber < sent.pathSince) return;
    this.countTaken(packetNumber);
    this.congestion.onSpuriousLoss(sent.bytesOf(packetNumber), sent.sentAtOf(packetNumber), nowMs);
    if (state === SentState.GivenUp || (state === SentState.LostByTime && packetNumber < this.holdUp.firstNumber))
      return;
    const elapsedMs = nowMs - sent.sentAtOf(packetNumber);
    this.detector.onSpuriousLoss(state, previousLargest - packetNumber, elapsedMs, this.rtt, nowMs);
  }

  private detectLosses(nowMs: number): void {
    this.detector.detect(this.sent, this.largestAcked, this.rtt, nowMs, this, this.holdUp.excusedUntilMs);
    this.losses?.report(this.congestion, nowMs);
  }

  /** ms. The round trip of packet `timed` without its wait for others of its burst. */
  private pathMs(timed: number, { ackedBytes, nowMs }: AckSample): number {
    const pathMs = this.rtt.latestPathMs - this.back.waitMs;
    const ownRate = this.congestion.bandwidthBytesPerSecond;
    return pathMs - this.burst.waitMs(this.sent, timed, ackedBytes, pathMs, ownRate, nowMs);
  }

  /** `timed`: the packet that the ACK has timed, -1 for none. */
  private reportAck(timed: number): void {
    const sample = this.sampler.end(this.rtt.minPathMs);
    sample.rttMs = timed < 0 ? -1 : this.pathMs(timed, sample);
    sample.smoothedRttMs = this.rtt.smoothedMs;
    if (timed >= 0) this.hold.end(this.sent.sentAtOf(timed), sample, this.holdUp.endedAtMs);
    sample.maxAckDelayMs = this.rtt.allowedAckDelayMs(this.hold.longestMs);
    sample.lostBytes = this.losses?.takeSinceAck() ?? 0;
    sample.bytesInFlight = this.sent.bytesInFlight;
    if (this.newestTaken >= 0 && this.sent.firstSentAtOf(this.newestTaken) < this.holdUp.endedAtMs) {
      // A pause is in the time that was measured: who is held up sends nothing that shows what the path carries.
      sample.deliveryRateBytesPerSecond = sample.trainBytes = sample.trainMs = 0;
      sample.isAppLimited = true;
    }
    this.congestion.onAck(sample);
    this.trace?.onCongestion?.(sample, this.congestion);
  }
}
