import type { CongestionController } from "../../src/congestion/congestion-controller.js";
import { DeliveryRateSampler } from "../../src/congestion/delivery-rate.js";
import { SentPackets } from "../../src/sent-packets.js";
import { SentState } from "../../src/sent-state.js";
import { seededRandom } from "./pair.js";

/** bytes. All packets of the model. */
export const PACKET_BYTES = 1200;

export interface PathOptions {
  bytesPerSecond: number;
  baseRttMs: number;
  bufferBytes: number;
  /** Share of packets lost at random, 0..1. */
  loss: number;
  /** ms that each ACK is held back, as the peer tells. */
  ackDelayMs: number;
}

interface Flight {
  packetNumber: number;
  ackedAtMs: number;
  isLost: boolean;
}

/**
 * One bulk sender with a controller before a bottleneck with a drop-tail buffer, in virtual time: no endpoint, no
 * messages. Losses are told when the next packet is acknowledged.
 */
export class PathModel {
  nowMs = 1000;
  readonly path: PathOptions;
  readonly sampler = new DeliveryRateSampler();
  sentPackets = 0;
  lostPackets = 0;
  deliveredBytes = 0;
  /** ms. Queueing delay that each packet met. */
  readonly queueMs: number[] = [];
  /** Whether there is always more to send; else `offer` says how much. */
  isBulk = true;
  offeredPackets = 0;
  private readonly controller: CongestionController;
  private readonly random: () => number;
  private readonly sent: SentPackets;
  private readonly flights: Flight[] = [];
  private busyUntilMs = 0;
  private lostBytes = 0;
  private minRttMs = Infinity;

  constructor(controller: CongestionController, path: Partial<PathOptions> = {}, seed: number = 1) {
    this.controller = controller;
    this.path = { bytesPerSecond: 1e6, baseRttMs: 50, bufferBytes: 100_000, loss: 0, ackDelayMs: 0, ...path };
    this.random = seededRandom(seed);
    this.sent = new SentPackets(0, () => 0xffff);
  }

  get bytesInFlight(): number {
    return this.sent.bytesInFlight;
  }

  /** Runs for `ms`, sending what the controller allows. */
  run(ms: number): void {
    const endMs = this.nowMs + ms;
    while (this.nowMs <= endMs) {
      this.sendAllowed();
      const next = this.flights[0];
      const paceAtMs = this.hasData ? this.controller.nextSendAt(PACKET_BYTES, this.nowMs, false) : Infinity;
      const waitsForPace = paceAtMs > this.nowMs ? paceAtMs : Infinity;
      this.nowMs = Math.min(next?.ackedAtMs ?? Infinity, waitsForPace, endMs + 1e-3);
      while (this.flights[0] !== undefined && this.flights[0].ackedAtMs <= this.nowMs) this.acknowledge();
    }
    this.nowMs = endMs;
  }

  private get hasData(): boolean {
    return this.isBulk || this.offeredPackets > 0;
  }

  private sendAllowed(): void {
    while (this.hasData && this.controller.canSend(PACKET_BYTES, this.bytesInFlight, this.nowMs, false)) this.send();
    if (!this.hasData && this.bytesInFlight < this.controller.windowBytes)
      this.sampler.onAppLimited(this.bytesInFlight);
  }

  private send(): void {
    const { path, sent, nowMs } = this;
    const packetNumber = sent.begin();
    this.sampler.onSent(sent, packetNumber, sent.bytesInFlight, nowMs);
    sent.commit(SentState.InFlight, PACKET_BYTES, nowMs, 0, -1);
    this.controller.onPacketSent(PACKET_BYTES, nowMs, sent.bytesInFlight);
    this.sentPackets += 1;
    if (!this.isBulk) this.offeredPackets -= 1;
    const waitMs = Math.max(this.busyUntilMs - nowMs, 0);
    const overflows = (waitMs * path.bytesPerSecond) / 1000 > path.bufferBytes;
    const isLost = overflows || this.random() < path.loss;
    if (!overflows) {
      this.queueMs.push(waitMs);
      this.busyUntilMs = nowMs + waitMs + (PACKET_BYTES * 1000) / path.bytesPerSecond;
    }
    this.flights.push({ packetNumber, isLost, ackedAtMs: this.busyUntilMs + path.baseRttMs + path.ackDelayMs });
  }

  private acknowledge(): void {
    const { sent, nowMs, controller, sampler, path } = this;
    const flight = this.flights.shift() as Flight;
    const { packetNumber } = flight;
    const sentAtMs = sent.sentAtOf(packetNumber);
    if (flight.isLost) {
      sent.resolve(packetNumber, SentState.LostByOrder);
      this.lostPackets += 1;
      this.lostBytes += PACKET_BYTES;
      controller.onPacketsLost(PACKET_BYTES, sentAtMs, nowMs, false);
      return;
    }
    sampler.begin(nowMs, path.ackDelayMs);
    sent.resolve(packetNumber, SentState.Acked);
    sampler.onAcked(sent, packetNumber);
    this.deliveredBytes += PACKET_BYTES;
    controller.onPacketAcked(PACKET_BYTES, sentAtMs, nowMs, sent.wasAppLimited(packetNumber));
    const rttMs = nowMs - sentAtMs - path.ackDelayMs;
    this.minRttMs = Math.min(this.minRttMs, rttMs);
    const sample = sampler.end(this.minRttMs);
    sample.rttMs = rttMs;
    sample.smoothedRttMs = rttMs;
    sample.maxAckDelayMs = 25;
    sample.lostBytes = this.lostBytes;
    sample.bytesInFlight = sent.bytesInFlight;
    this.lostBytes = 0;
    controller.onAck(sample);
  }
}

/** The value below which a share of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)] as number;
}
