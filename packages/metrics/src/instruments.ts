import type { DisconnectReason, Quality, SendAdvice } from "@sortie/connection";
import type { ServerStatistics } from "@sortie/server";
import { refusedSends } from "@sortie/transport";
import type { Emit, Instrument } from "./instrument.js";
import { keyOfEnd, type PeerRecords } from "./peer-records.js";
import type { ProcessWatch } from "./process-usage.js";
import { exportedFields, type Field, SERVER_FIELDS, TICK_FIELDS, TRANSPORT_FIELDS } from "./statistics-fields.js";

const QUALITIES: readonly Quality[] = ["good", "fair", "poor"];
const UPDATE_DIVISORS: readonly SendAdvice["updateDivisor"][] = [1, 2, 4];

/**
 * How peers of a server end, exported from 0 on: Prometheus' `increase` passes over a counter's first value. Others,
 * should there be any, are exported from their first one on.
 */
const KNOWN_ENDS: readonly Pick<DisconnectReason, "code" | "by">[] = [
  { code: "closed", by: "remote" },
  { code: "timeout", by: "local" },
  { code: "timeout", by: "remote" },
  { code: "kicked", by: "local" },
  { code: "shutting-down", by: "local" },
  { code: "network", by: "local" },
  ...(["protocol-error", "flow-control", "key-limit", "internal-error"] as const).flatMap((code) => [
    { code, by: "local" as const },
    { code, by: "remote" as const },
  ]),
];

/** Where instruments read. */
export interface InstrumentSources {
  /** A snapshot that is fresh enough for one export. */
  readonly serverStatistics: () => ServerStatistics;
  readonly records: PeerRecords;
  readonly process: ProcessWatch;
  readonly blockedRanges: () => number;
  /** s. Longest slice of the last round of looking at peers. */
  readonly sampleSeconds: () => number;
  /** Requests over peers' own connections, by what became of them. */
  readonly inBand: Readonly<Record<string, number>>;
}

/** Every counter and gauge that is exported. */
export function createInstruments(sources: InstrumentSources): Instrument[] {
  return [
    ...serverInstruments(sources),
    ...connectionInstruments(sources),
    simple("gauge", "server_blocked_ranges", "Blocked addresses and ranges.", sources.blockedRanges),
    simple("counter", "process_cpu_seconds_total", "Processor time of the process.", () => {
      return sources.process.last.cpuSeconds;
    }),
    simple("gauge", "process_resident_memory_bytes", "Resident memory of the process.", () => {
      return sources.process.last.residentBytes;
    }),
    byLabel("metrics_in_band_requests_total", "Requests for metrics over a peer's connection.", "result", () => {
      return sources.inBand;
    }),
    simple("gauge", "metrics_sample_seconds", "Time that the last round of sampling took.", sources.sampleSeconds),
  ];
}

function serverInstruments({ serverStatistics }: InstrumentSources): Instrument[] {
  const info: Instrument = {
    kind: "gauge",
    name: "server_info",
    help: "Always 1: which cryptographic libraries the server uses.",
    labelNames: ["crypto"],
    read: (emit) => emit(1, { crypto: serverStatistics().crypto }),
  };
  const certificate: Instrument = {
    kind: "gauge",
    name: "server_certificate_not_after_timestamp_seconds",
    help: "When the first of the server's certificates runs out, since 1970; none for a bare key.",
    labelNames: [],
    read: (emit) => {
      const { certificateNotAfterMs } = serverStatistics();
      if (certificateNotAfterMs !== undefined) emit(certificateNotAfterMs / 1000);
    },
  };
  return [
    info,
    certificate,
    ...exportedFields(SERVER_FIELDS).map(([key, field]) => ofField(field, () => Number(serverStatistics()[key] ?? 0))),
    ...exportedFields(TRANSPORT_FIELDS).map(([key, field]) =>
      ofField(field, () => serverStatistics().transport[key] ?? 0),
    ),
    // To alert on: the two counters that it is made of have rates whose difference is seldom 0.
    simple("counter", "transport_refused_sends_total", "Send errors other than datagrams too large for the link.", () =>
      refusedSends(serverStatistics().transport),
    ),
    // Without ticks there is nothing to tell: 0 ticks with an interval of 0.
    ...exportedFields(TICK_FIELDS).map(([key, field]) => ofField(field, () => serverStatistics().ticks?.[key] ?? 0)),
    byLabel("server_hellos_rejected_total", "Hellos answered with a REJECT, by what it says.", "code", () => {
      return serverStatistics().rejects;
    }),
    byLabel("server_refused_total", "Clients refused once keys were agreed, by code.", "code", () => {
      return serverStatistics().refused;
    }),
    byLabel("server_handshakes_failed_total", "Handshakes that ended otherwise before a peer, by code.", "code", () => {
      return serverStatistics().handshakesFailed;
    }),
    byLabel("datagrams_dropped_total", "Datagrams dropped, by reason.", "reason", () => serverStatistics().drops),
  ];
}

function connectionInstruments({ records }: InstrumentSources): Instrument[] {
  const { totals } = records;
  const byName = new Map<string, Instrument & { readonly parts: ((emit: Emit) => void)[] }>();
  totals.columns.forEach(({ field, labels }, index) => {
    const known = byName.get(field.name);
    const part = (emit: Emit): void => emit(totals.sum(index) * (field.scale ?? 1), labels);
    if (known !== undefined) known.parts.push(part);
    else {
      const parts = [part];
      const read = (emit: Emit): void => parts.forEach((each) => each(emit));
      byName.set(field.name, { ...field, labelNames: Object.keys(labels ?? {}), read, parts });
    }
  });
  const quality: Instrument = {
    kind: "gauge",
    name: "peers_by_quality",
    help: "Connected peers by the quality of their connection.",
    labelNames: ["quality"],
    read: (emit) => {
      const rows = records.rows();
      for (const grade of QUALITIES) emit(rows.filter((row) => row.quality === grade).length, { quality: grade });
    },
  };
  const advice: Instrument = {
    kind: "gauge",
    name: "peers_by_update_divisor",
    help: "Connected peers by the advice to send only every n-th update.",
    labelNames: ["divisor"],
    read: (emit) => {
      const rows = records.rows();
      for (const divisor of UPDATE_DIVISORS) {
        emit(rows.filter((row) => row.updateDivisor === divisor).length, { divisor: String(divisor) });
      }
    },
  };
  const disconnects: Instrument = {
    kind: "counter",
    name: "server_disconnects_total",
    help: "Peers that have ended, by code and by the side that ended them.",
    labelNames: ["code", "by"],
    read: (emit) => {
      for (const end of KNOWN_ENDS) {
        if (!records.disconnects.has(keyOfEnd(end))) emit(0, { code: end.code, by: end.by });
      }
      for (const { reason, count } of records.disconnects.values()) emit(count, { code: reason.code, by: reason.by });
    },
  };
  return [...byName.values(), quality, advice, disconnects];
}

function ofField(field: Field, read: () => number): Instrument {
  return simple(field.kind, field.name, field.help, () => read() * (field.scale ?? 1));
}

/** A counter for each value of one label. */
function byLabel(name: string, help: string, label: string, read: () => Readonly<Record<string, number>>): Instrument {
  return {
    kind: "counter",
    name,
    help,
    labelNames: [label],
    read: (emit) => {
      for (const [value, count] of Object.entries(read())) emit(count, { [label]: value });
    },
  };
}

function simple(kind: Instrument["kind"], name: string, help: string, read: () => number): Instrument {
  return { kind, name, help, labelNames: [], read: (emit) => emit(read()) };
}
