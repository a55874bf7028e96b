import {
  checkMethods,
  checkOptionNames,
  describeKind,
  describeValue,
  type DisconnectReason,
  type DropReason,
  type OptionNames,
} from "@sortie/connection";
import type { ServerStatistics } from "@sortie/server";
import { type Clock, CLOCK_METHODS, SystemClock } from "@sortie/transport";
import { Registry } from "prom-client";
import { type FaultReport, faultReport } from "./fault-report.js";
import { History } from "./history.js";
import type { HistogramInstrument, Instrument } from "./instrument.js";
import { createInstruments } from "./instruments.js";
import type { InBandRefusal } from "./in-band/in-band-protocol.js";
import type { ObservedPeer, ObservedServer } from "./observed-server.js";
import { exportToMeter, type OpenTelemetryMeter } from "./open-telemetry.js";
import { type PeerRow, PeerRecords } from "./peer-records.js";
import { ProcessWatch } from "./process-usage.js";
import { registerWithPrometheus } from "./prometheus.js";
import { ROUND_MS, Sampler } from "./sampler.js";
import type { MetricsSummary, PeerDetail } from "./snapshots.js";
import { TickWatch } from "./tick-watch.js";

/** ms that a snapshot of the server serves: all instruments of one export read the same one. */
const SNAPSHOT_MS = 50;
/** Valid beginning of a Prometheus name. */
const PREFIX = /^[a-zA-Z_][a-zA-Z0-9_]{0,31}$/;

/** What became of a request over a peer's own connection. */
export type InBandResult = "answered" | InBandRefusal;

/** Options of {@link createMetrics}; `Data` is what the server's peers carry as `peer.data`. */
export interface MetricsOptions<Data = unknown> {
  /** What names begin with: 1..32 letters, digits and underscores. Default "sortie_". */
  readonly prefix?: string | undefined;
  /** prom-client's registry to add to; default: one of its own. */
  readonly registry?: Registry | undefined;
  /** A name for a peer in tables, such as its player's; at most 64 characters are kept. It is never a label. */
  readonly describePeer?: ((peer: ObservedPeer<Data>) => string) | undefined;
  /**
   * Hears what a callback (`describePeer`, and `ready`, `onAction` and `authorize` of what serves the figures) or a
   * look at the server failed with, and faults of the listener's port. Default, and where it fails itself: a process
   * warning.
   */
  readonly onError?: ((error: unknown) => void | Promise<void>) | undefined;
  /** Tests give one with virtual time. */
  readonly clock?: Clock | undefined;
}

const SERVER_METHODS: readonly string[] = [
  "on",
  "off",
  "block",
  "unblock",
  "blockedRanges",
] satisfies (keyof ObservedServer)[];

const REGISTRY_METHODS: readonly string[] = [
  "registerMetric",
  "removeSingleMetric",
  "metrics",
] satisfies (keyof Registry)[];

const OPTION_NAMES: OptionNames<MetricsOptions> = {
  prefix: true,
  registry: true,
  describePeer: true,
  onError: true,
  clock: true,
};

/**
 * Watches a server: looks at it and at each peer once a second, listens to its ticks, and has the figures for whoever
 * exports them. Nothing here runs while a datagram is handled. `close` ends it; it does not keep the process alive.
 */
export class ServerMetrics<Data = unknown> {
  /** prom-client's registry with everything in it. */
  readonly registry: Registry;
  readonly history: History = new History();
  readonly server: ObservedServer<Data>;
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #startedMs: number;
  readonly #records: PeerRecords;
  readonly #ticks: TickWatch = new TickWatch();
  readonly #process: ProcessWatch = new ProcessWatch();
  readonly #instruments: Instrument[];
  readonly #histograms: HistogramInstrument[];
  readonly #sampler: Sampler;
  readonly #report: FaultReport;
  readonly #undo: (() => void)[] = [];
  readonly #inBand: Record<InBandResult, number> = {
    answered: 0,
    unauthorized: 0,
    "too-many-requests": 0,
    malformed: 0,
  };
  #snapshot: ServerStatistics;
  #snapshotAtMs: number;
  #lastSecond: ServerStatistics;
  #lastLost = 0;
  #lastRetransmitted = 0;
  #sampleMs = 0;
  #lastSampleMs = 0;

  constructor(server: ObservedServer<Data>, options: MetricsOptions<Data> = {}) {
    checkOptions(server, options);
    const { prefix = "sortie_" } = options;
    // It is given peers of this server alone.
    const describePeer = options.describePeer as ((peer: ObservedPeer) => string) | undefined;
    const onError = (this.#report = faultReport(options.onError));
    this.server = server;
    this.#prefix = prefix;
    this.#clock = options.clock ?? new SystemClock({ unref: true });
    this.#startedMs = this.#snapshotAtMs = this.#clock.now();
    this.#snapshot = this.#lastSecond = server.stats;
    this.#records = new PeerRecords({ describePeer, now: () => this.#clock.now(), onError });
    this.#instruments = createInstruments({
      serverStatistics: () => this.#statistics(),
      records: this.#records,
      process: this.#process,
      blockedRanges: () => server.blockedCount,
      sampleSeconds: () => this.#lastSampleMs / 1000,
      inBand: this.#inBand,
    });
    const { rtt, jitter, loss, mtu } = this.#records;
    this.#histograms = [this.#ticks.busy, this.#ticks.late, rtt, jitter, loss, mtu];
    this.registry = options.registry === undefined ? new Registry() : options.registry;
    try {
      this.#undo.push(registerWithPrometheus(this.registry, prefix, this.#instruments, this.#histograms));
      this.#listen();
    } catch (error) {
      this.#undoAll();
      throw error;
    }
    this.#sampler = new Sampler({
      clock: this.#clock,
      peers: () => server.peers.values(),
      onPeer: (peer, nowMs) => this.#sample(peer, nowMs),
      onRound: (elapsedMs) => this.#onRound(elapsedMs),
      onError,
    });
  }

  /** Everything in Prometheus' text format. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  /**
   * Exports through OpenTelemetry's API as well; the function that is returned ends that. Throws TypeError for what is
   * no meter.
   */
  exportTo(meter: OpenTelemetryMeter): () => void {
    const { instruments, histograms } = { instruments: this.#instruments, histograms: this.#histograms };
    const stop = exportToMeter(meter, { prefix: this.#prefix, instruments, histograms });
    this.#undo.push(stop);
    return stop;
  }

  /** The server in one object, as the JSON API and the connection's own requests give it. */
  summary(): MetricsSummary {
    const stats = this.#statistics();
    return {
      address: this.server.address,
      uptimeSeconds: Math.round(this.#clock.now() - this.#startedMs) / 1000,
      process: this.#process.last,
      distributions: this.#records.distributions(),
      disconnects: [...this.#records.disconnects.values()].map(({ reason: { code, by }, count }) => ({
        code,
        by,
        count,
      })),
      stats,
    };
  }

  /** All peers, each as of the last look at it, which is at most a second old. */
  peers(): PeerRow[] {
    return this.#records.rows();
  }

  /** Everything about one connected peer, now. */
  peer(id: number): PeerDetail | undefined {
    const peer = this.server.peers.get(id);
    if (peer === undefined) return undefined;
    const { sessionId, address, stats } = peer;
    const connectedSeconds = this.#records.connectedMs(peer, this.#clock.now()) / 1000;
    return { id, sessionId, address: address.toString(), label: this.#records.label(peer), connectedSeconds, stats };
  }

  /** Datagrams dropped since the start, by reason. */
  drops(): Readonly<Record<DropReason, number>> {
    return this.#statistics().drops;
  }

  /** Counts one request that came over a peer's own connection, by what became of it. */
  countInBand(result: InBandResult): void {
    this.#inBand[result] += 1;
  }

  /** Tells `onError` of a fault in what serves the figures. Never throws. */
  reportError(error: unknown): void {
    this.#report(error);
  }

  /** ms of the metrics' clock. */
  now(): number {
    return this.#clock.now();
  }

  /** Stops watching; the registry is empty of it, meters hear no more. Idempotent. */
  close(): void {
    this.#sampler.stop();
    this.#undoAll();
  }

  #undoAll(): void {
    this.#undo.splice(0).forEach((each) => each());
  }

  #listen(): void {
    const { server } = this;
    const onConnect = (peer: ObservedPeer): void => this.#records.onConnect(peer, this.#clock.now());
    const onDisconnect = (peer: ObservedPeer, reason: DisconnectReason): void => {
      this.#records.onDisconnect(peer, reason, this.#clock.now());
    };
    this.#undo.push(() => {
      server.off("connect", onConnect).off("disconnect", onDisconnect).off("tick", this.#ticks.onTick);
    });
    server.on("connect", onConnect).on("disconnect", onDisconnect).on("tick", this.#ticks.onTick);
    for (const peer of server.peers.values()) onConnect(peer);
  }

  #statistics(): ServerStatistics {
    const nowMs = this.#clock.now();
    if (nowMs - this.#snapshotAtMs >= SNAPSHOT_MS) {
      this.#snapshot = this.server.stats;
      this.#snapshotAtMs = nowMs;
    }
    return this.#snapshot;
  }

  #sample(peer: ObservedPeer, nowMs: number): void {
    const beganMs = this.#clock.now();
    this.#records.sample(peer, nowMs);
    this.#sampleMs += this.#clock.now() - beganMs;
  }

  #onRound(elapsedMs: number): void {
    const stats = (this.#snapshot = this.server.stats);
    this.#snapshotAtMs = this.#clock.now();
    const before = this.#lastSecond;
    this.#lastSecond = stats;
    const perSecond = ROUND_MS / Math.max(1, elapsedMs);
    const since = (now: number, then: number): number => Math.max(0, now - then) * perSecond;
    const { totals } = this.#records;
    const lost = totals.sumOf("reliability_packets_lost_total");
    const retransmitted = totals.sumOf("reliability_retransmitted_messages_total");
    const ticks = this.#ticks.take();
    const { rttMs, loss } = this.#records.distributions();
    const { cpuShare, residentBytes } = this.#process.look(elapsedMs);
    this.history.add({
      unixMs: Date.now(),
      peers: stats.peers,
      halfOpen: stats.halfOpen,
      datagramsReceived: since(stats.transport.datagramsReceived, before.transport.datagramsReceived),
      datagramsSent: since(stats.transport.datagramsSent, before.transport.datagramsSent),
      bytesReceived: since(stats.transport.bytesReceived, before.transport.bytesReceived),
      bytesSent: since(stats.transport.bytesSent, before.transport.bytesSent),
      drops: since(sumOf(stats.drops), sumOf(before.drops)),
      packetsLost: since(lost, this.#lastLost),
      retransmittedMessages: since(retransmitted, this.#lastRetransmitted),
      queuedBytes: totals.sumOf("reliability_queued_bytes"),
      ticks: since(stats.ticks?.ticks ?? 0, before.ticks?.ticks ?? 0),
      ticksSkipped: since(stats.ticks?.skipped ?? 0, before.ticks?.skipped ?? 0),
      tickBusyMeanMs: ticks.busyMeanMs,
      tickBusyMaxMs: ticks.busyMaxMs,
      tickLateMeanMs: ticks.lateMeanMs,
      tickLateMaxMs: ticks.lateMaxMs,
      rttP50Ms: rttMs.p50,
      rttP99Ms: rttMs.p99,
      lossP50: loss.p50,
      lossP99: loss.p99,
      cpuShare,
      residentBytes,
    });
    this.#lastLost = lost;
    this.#lastRetransmitted = retransmitted;
    this.#lastSampleMs = this.#sampleMs;
    this.#sampleMs = 0;
  }
}

/**
 * Begins to watch a server. Throws TypeError or RangeError for bad options, and names them; Error for a name that the
 * registry has already, as with a second one for the same registry without a `prefix` of its own. Nothing is left then.
 */
export function createMetrics<Data = unknown>(
  server: ObservedServer<Data>,
  options: MetricsOptions<Data> = {},
): ServerMetrics<Data> {
  return new ServerMetrics<Data>(server, options);
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  let sum = 0;
  for (const count of Object.values(counts)) sum += count;
  return sum;
}

function checkOptions<Data>(server: ObservedServer<Data>, options: MetricsOptions<Data>): void {
  checkMethods("server", server, "what createServer() gives", SERVER_METHODS);
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`"options" expected an object, got ${options === null ? "null" : typeof options}`);
  }
  checkOptionNames(options, OPTION_NAMES);
  const { prefix, registry } = options;
  // The pattern alone would take null for the text "null".
  if (prefix !== undefined && (typeof prefix !== "string" || !PREFIX.test(prefix))) {
    throw new RangeError(`"prefix" expected 1..32 letters, digits and underscores, got ${describeValue(prefix)}`);
  }
  if (registry !== undefined) checkMethods("registry", registry, "a Registry of prom-client", REGISTRY_METHODS);
  if (options.clock !== undefined) checkMethods("clock", options.clock, "a clock", CLOCK_METHODS);
  for (const name of ["describePeer", "onError"] as const) {
    const value: unknown = options[name];
    if (value !== undefined && typeof value !== "function") {
      throw new TypeError(`"${name}" expected a function, got ${describeKind(value)}`);
    }
  }
}
