import type { EndpointStatistics, RttEstimator } from "@sortie/reliability";
import type { ConnectionOptions } from "./connection-options.js";
import type { DropReason } from "./drop-reason.js";
import type { Lifecycle } from "./lifecycle.js";
import { type Quality, QualityMeter } from "./quality.js";
import { ReceiveLoss } from "./receive-loss.js";
import { RollingRates, type SecondOfTraffic } from "./rolling-rates.js";
import { type SendAdvice, SendAdvisor } from "./send-advice.js";
import type { TraceSink } from "./trace.js";

/** A snapshot of one connection. Times in ms, sizes in bytes of UDP payload. */
export interface ConnectionStatistics {
  readonly packetsSent: number;
  readonly packetsReceived: number;
  readonly packetsDropped: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Smoothed RTT (RFC 9002 section 5.3). */
  readonly rttMs: number;
  readonly rttVarianceMs: number;
  readonly rttMinMs: number;
  /** Smoothed share of our packets that were lost, 0..1. */
  readonly loss: number;
  /**
   * Smoothed share of the peer's packets that did not arrive, 0..1, by the gaps in their numbers; a second or two
   * behind `loss`. Less than a percent is not told from numbers that the peer left out, nor a dozen packets from probes
   * of an MTU.
   */
  readonly receiveLoss: number;
  readonly quality: Quality;
  readonly advice: SendAdvice;
  /** The largest datagram that is sent to the peer now: pinned, or found by probes. */
  readonly mtuBytes: number;
  /** Validated changes of the peer's address. */
  readonly migrations: number;
  readonly keyUpdates: number;
  /** Whole seconds before the current one, newest first. */
  readonly seconds: readonly SecondOfTraffic[];
  /** Everything that the reliability layer counts. */
  readonly endpoint: EndpointStatistics;
}

/** What is read of the reliability layer. */
interface MonitoredEndpoint {
  readonly rtt: RttEstimator;
  readonly statistics: EndpointStatistics;
  readonly sendRateBytesPerSecond: number;
}

/** What is read of the path. */
interface MonitoredPath {
  readonly mtuBytes: number;
  readonly migrations: number;
}

/**
 * Totals and rates of one connection's packets, told to the trace as well, and the grade made from them. One object
 * with the totals, as each packet needs both; what is made of them once a second lies apart.
 */
export class ConnectionMonitor extends RollingRates {
  /** Whole ms. No look is due before: asked for every packet, and no fraction, which would lie in a box of its own. */
  private dueFromMs = 0;
  private readonly trace: TraceSink | undefined;
  /** bytes. The largest datagram that the peer may send. */
  private readonly fullBytes: number;
  private readonly receiveLoss: ReceiveLoss;
  private packetsDropped: number;
  private readonly meter: QualityMeter;
  private readonly advisor: SendAdvisor;

  /** @param rateBytesPerSecond what congestion control lets through to begin with */
  constructor(options: ConnectionOptions, rateBytesPerSecond: number) {
    super();
    const { nowMs, localParameters, initialPacketNumber = 0, trace } = options;
    this.trace = trace;
    this.fullBytes = localParameters.maxDatagramBytes;
    this.receiveLoss = new ReceiveLoss(initialPacketNumber);
    this.packetsDropped = 0;
    this.meter = new QualityMeter(nowMs);
    this.advisor = new SendAdvisor(rateBytesPerSecond);
  }

  get quality(): Quality {
    return this.meter.grade;
  }

  get advice(): SendAdvice {
    return this.advisor.advice;
  }

  /**
   * Grades the connection when that is due, and tells what changed.
   * @param largest the highest packet number received
   */
  evaluate(endpoint: MonitoredEndpoint, largest: number, nowMs: number, life: Lifecycle): void {
    if (nowMs < this.dueFromMs || !this.meter.isDue(nowMs)) return;
    this.receiveLoss.look(largest, this.packetsReceived);
    const { rtt, statistics, sendRateBytesPerSecond: rateBytesPerSecond } = endpoint;
    const { packetsSent } = statistics;
    // What arrived after all, as when the path becomes longer at a stroke, was late and not lost.
    const packetsLost = statistics.packetsLost - statistics.spuriousLosses;
    const [rttMs, jitterMs] = [rtt.smoothedMs, rtt.varianceMs];
    const receiveLoss = this.receiveLoss.share;
    if (this.meter.evaluate({ rttMs, jitterMs, packetsSent, packetsLost, receiveLoss }, nowMs)) {
      life.tell({ type: "quality", quality: this.meter.grade });
    }
    this.dueFromMs = Math.floor(this.meter.nextAtMs);
    if (this.advisor.evaluate({ rttMs, jitterMs, loss: this.meter.loss, rateBytesPerSecond }, nowMs)) {
      life.tell({ type: "advice", advice: this.advisor.advice });
    }
  }

  /** The path is another: what its round trip was at best says nothing of the new one, nor does its MTU. */
  onPathChanged(): void {
    this.receiveLoss.onPathChanged();
    this.advisor.onPathChanged();
  }

  onSent(packetNumber: number, bytes: number, nowMs: number): void {
    this.countSent(bytes, nowMs);
    this.trace?.({ type: "packet-sent", atMs: nowMs, packetNumber, bytes });
  }

  /** A datagram went once more, to another address. */
  onMirrored(bytes: number, nowMs: number): void {
    this.countSent(bytes, nowMs);
  }

  /**
   * An authentic packet that is no duplicate and was not refused.
   * @param isNews whether its number is the highest so far
   */
  onReceived(packetNumber: number, isNews: boolean, bytes: number, nowMs: number): void {
    this.countReceived(bytes, nowMs);
    if (!isNews) this.receiveLoss.onStraggler(packetNumber);
    if (bytes >= this.fullBytes) this.receiveLoss.onFull();
    this.trace?.({ type: "packet-received", atMs: nowMs, packetNumber, bytes });
  }

  onDropped(reason: DropReason, bytes: number, nowMs: number): void {
    this.packetsDropped += 1;
    this.trace?.({ type: "packet-dropped", atMs: nowMs, reason, bytes });
  }

  snapshot(
    nowMs: number,
    endpoint: MonitoredEndpoint,
    { mtuBytes, migrations }: MonitoredPath,
    keyUpdates: number,
  ): ConnectionStatistics {
    const { rtt, statistics } = endpoint;
    const { packetsSent, packetsReceived, bytesSent, bytesReceived } = this;
    return {
      packetsSent,
      packetsReceived,
      packetsDropped: this.packetsDropped,
      bytesSent,
      bytesReceived,
      rttMs: rtt.smoothedMs,
      rttVarianceMs: rtt.varianceMs,
      rttMinMs: rtt.minMs,
      loss: this.meter.loss,
      receiveLoss: this.receiveLoss.share,
      quality: this.meter.grade,
      advice: this.advisor.advice,
      mtuBytes,
      migrations,
      keyUpdates,
      seconds: this.history(nowMs),
      endpoint: {
        ...statistics,
        messagesSent: statistics.messagesSent.slice(),
        messagesReceived: statistics.messagesReceived.slice(),
      },
    };
  }
}
