import type { EndpointStatistics, RttEstimator } from "@sortie/reliability";
import { type Quality, QualityMeter } from "./quality.js";
import { RollingRates, type SecondOfTraffic } from "./rolling-rates.js";

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
  readonly quality: Quality;
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
}

/** What is read of the path. */
interface MonitoredPath {
  readonly mtuBytes: number;
  readonly migrations: number;
}

/** Totals and rates of one connection's packets, and the grade made from them. */
export class ConnectionMonitor {
  packetsDropped = 0;
  private packetsSent = 0;
  private packetsReceived = 0;
  private bytesSent = 0;
  private bytesReceived = 0;
  private readonly rates: RollingRates = new RollingRates();
  private readonly meter: QualityMeter;

  constructor(nowMs: number) {
    this.meter = new QualityMeter(nowMs);
  }

  get quality(): Quality {
    return this.meter.grade;
  }

  /** Grades the connection when that is due; true when the grade changed. */
  updateQuality(endpoint: MonitoredEndpoint, nowMs: number): boolean {
    if (!this.meter.isDue(nowMs)) return false;
    const { rtt, statistics } = endpoint;
    const { packetsSent, packetsLost } = statistics;
    return this.meter.evaluate({ rttMs: rtt.smoothedMs, jitterMs: rtt.varianceMs, packetsSent, packetsLost }, nowMs);
  }

  onSent(bytes: number, nowMs: number): void {
    this.packetsSent += 1;
    this.bytesSent += bytes;
    this.rates.onSent(bytes, nowMs);
  }

  onReceived(bytes: number, nowMs: number): void {
    this.packetsReceived += 1;
    this.bytesReceived += bytes;
    this.rates.onReceived(bytes, nowMs);
  }

  snapshot(
    nowMs: number,
    endpoint: MonitoredEndpoint,
    { mtuBytes, migrations }: MonitoredPath,
    keyUpdates: number,
  ): ConnectionStatistics {
    const { rtt, statistics } = endpoint;
    return {
      packetsSent: this.packetsSent,
      packetsReceived: this.packetsReceived,
      packetsDropped: this.packetsDropped,
      bytesSent: this.bytesSent,
      bytesReceived: this.bytesReceived,
      rttMs: rtt.smoothedMs,
      rttVarianceMs: rtt.varianceMs,
      rttMinMs: rtt.minMs,
      loss: this.meter.loss,
      quality: this.meter.grade,
      mtuBytes,
      migrations,
      keyUpdates,
      seconds: this.rates.history(nowMs),
      endpoint: {
        ...statistics,
        messagesSent: statistics.messagesSent.slice(),
        messagesReceived: statistics.messagesReceived.slice(),
      },
    };
  }
}
