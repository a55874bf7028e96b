import { type ConnectionStatistics, type DisconnectReason, isThenable, type Quality } from "@sortie/connection";
import { ConnectionTotals, type Counted } from "./connection-totals.js";
import { distributionOf, LOSS_BOUNDS, MTU_BOUNDS_BYTES, RTT_BOUNDS_MS } from "./distribution.js";
import { HistogramInstrument } from "./instrument.js";
import type { ObservedPeer } from "./observed-server.js";
import type { Distributions } from "./snapshots.js";

/** Characters of a peer's label; more are cut. */
const MAX_LABEL_CHARACTERS = 64;

/**
 * One peer, as of the last look at it; one that has just come, as of when somebody first asked. Rates are those of the
 * last whole second.
 */
export interface PeerRow {
  readonly id: number;
  readonly address: string;
  /** What `describePeer` gave; empty without it. */
  readonly label: string;
  readonly connectedSeconds: number;
  readonly rttMs: number;
  readonly jitterMs: number;
  /** Share of packets lost, 0..1. */
  readonly loss: number;
  readonly quality: Quality;
  /** 1, 2 or 4: only every n-th regular update should be sent to it. */
  readonly updateDivisor: number;
  readonly datagramsReceivedPerSecond: number;
  readonly datagramsSentPerSecond: number;
  readonly bytesReceivedPerSecond: number;
  readonly bytesSentPerSecond: number;
  readonly queuedBytes: number;
  readonly queuedMessages: number;
}

interface PeerRecord {
  readonly peer: ObservedPeer;
  readonly sinceMs: number;
  readonly counted: Counted;
  row: PeerRow | undefined;
}

export interface PeerRecordOptions {
  readonly describePeer: ((peer: ObservedPeer) => string) | undefined;
  /** ms. */
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

/** What ended peers are counted by. */
export function keyOfEnd({ code, by }: Pick<DisconnectReason, "code" | "by">): string {
  return `${code} ${by}`;
}

/** What is known of each peer; as many as the server has, since each goes with its "disconnect". */
export class PeerRecords {
  readonly totals: ConnectionTotals = new ConnectionTotals();
  readonly rtt: HistogramInstrument = new HistogramInstrument(
    "peer_rtt_seconds",
    "Smoothed round-trip time, each peer once a second.",
    RTT_BOUNDS_MS.map((ms) => ms / 1000),
  );
  readonly jitter: HistogramInstrument = new HistogramInstrument(
    "peer_rtt_variance_seconds",
    "Mean deviation of the round-trip time, each peer once a second.",
    RTT_BOUNDS_MS.map((ms) => ms / 1000),
  );
  readonly loss: HistogramInstrument = new HistogramInstrument(
    "peer_loss_ratio",
    "Smoothed share of packets lost, each peer once a second.",
    LOSS_BOUNDS,
  );
  readonly mtu: HistogramInstrument = new HistogramInstrument(
    "peer_mtu_bytes",
    "Largest datagram that is sent to a peer, each peer once a second.",
    MTU_BOUNDS_BYTES,
  );
  /** Ended peers by code and side: see `keyOfEnd`. */
  readonly disconnects: Map<string, { readonly reason: DisconnectReason; count: number }> = new Map();
  readonly #records: Map<ObservedPeer, PeerRecord> = new Map();
  readonly #options: PeerRecordOptions;
  #describeFailed = false;

  constructor(options: PeerRecordOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#records.size;
  }

  onConnect(peer: ObservedPeer, nowMs: number): void {
    this.#recordOf(peer, nowMs);
  }

  onDisconnect(peer: ObservedPeer, reason: DisconnectReason, nowMs: number): void {
    const record = this.#recordOf(peer, nowMs);
    this.totals.end(peer.stats, record.counted);
    this.#records.delete(peer);
    const key = keyOfEnd(reason);
    const ended = this.disconnects.get(key);
    if (ended === undefined) this.disconnects.set(key, { reason, count: 1 });
    else ended.count += 1;
  }

  /** Looks at a connected peer. */
  sample(peer: ObservedPeer, nowMs: number): void {
    const { stats } = peer;
    const record = this.#recordOf(peer, nowMs);
    this.totals.add(stats, record.counted);
    record.row = this.#rowOf(record, stats, nowMs);
    this.rtt.observe(stats.rttMs / 1000);
    this.jitter.observe(stats.rttVarianceMs / 1000);
    this.loss.observe(stats.loss);
    this.mtu.observe(stats.mtuBytes);
  }

  /**
   * Peers that are connected. Those that have come since the last round began are looked at here, and not as they come:
   * the application, which is told of them at that moment too, may name them first.
   */
  rows(): PeerRow[] {
    const nowMs = this.#options.now();
    const rows: PeerRow[] = [];
    for (const record of this.#records.values()) {
      rows.push((record.row ??= this.#rowOf(record, record.peer.stats, nowMs)));
    }
    return rows;
  }

  /** ms since this peer was first seen. */
  connectedMs(peer: ObservedPeer, nowMs: number): number {
    return nowMs - (this.#records.get(peer)?.sinceMs ?? nowMs);
  }

  label(peer: ObservedPeer): string {
    const { describePeer, onError } = this.#options;
    if (describePeer === undefined) return "";
    try {
      const label: unknown = describePeer(peer);
      if (isThenable(label)) {
        Promise.resolve(label).catch(() => undefined);
        throw new TypeError('"describePeer" expected to give a text at once, got a promise');
      }
      return String(label ?? "").slice(0, MAX_LABEL_CHARACTERS);
    } catch (error) {
      // Told once: it would come again for every peer and second.
      if (!this.#describeFailed) onError(error);
      this.#describeFailed = true;
      return "";
    }
  }

  distributions(): Distributions {
    const rows = this.rows();
    const rtts = Float64Array.from(rows, ({ rttMs }) => rttMs);
    const losses = Float64Array.from(rows, ({ loss }) => loss);
    return { rttMs: distributionOf(rtts, RTT_BOUNDS_MS), loss: distributionOf(losses, LOSS_BOUNDS) };
  }

  #recordOf(peer: ObservedPeer, nowMs: number): PeerRecord {
    let record = this.#records.get(peer);
    if (record === undefined) {
      record = { peer, sinceMs: nowMs, counted: this.totals.start(), row: undefined };
      this.#records.set(peer, record);
    }
    return record;
  }

  #rowOf({ peer, sinceMs }: PeerRecord, stats: ConnectionStatistics, nowMs: number): PeerRow {
    const second = stats.seconds[0];
    return {
      id: peer.id,
      address: peer.address.toString(),
      label: this.label(peer),
      connectedSeconds: Math.round((nowMs - sinceMs) / 100) / 10,
      rttMs: stats.rttMs,
      jitterMs: stats.rttVarianceMs,
      loss: stats.loss,
      quality: stats.quality,
      updateDivisor: stats.advice.updateDivisor,
      datagramsReceivedPerSecond: second?.packetsReceived ?? 0,
      datagramsSentPerSecond: second?.packetsSent ?? 0,
      bytesReceivedPerSecond: second?.bytesReceived ?? 0,
      bytesSentPerSecond: second?.bytesSent ?? 0,
      queuedBytes: stats.endpoint.queuedBytes,
      queuedMessages: stats.endpoint.queuedMessages,
    };
  }
}
