import type { ConnectionStatistics } from "@sortie/connection";
import { DELIVERIES } from "@sortie/reliability";
import { CONNECTION_FIELDS, ENDPOINT_FIELDS, exportedFields, type Field } from "./statistics-fields.js";

/** One number of a connection, and where it stands in its snapshot. */
interface Column {
  readonly field: Field;
  readonly labels?: Readonly<Record<string, string>>;
  readonly read: (stats: ConnectionStatistics) => number;
}

function columns(): Column[] {
  const all: Column[] = [];
  for (const [key, field] of exportedFields(CONNECTION_FIELDS)) {
    all.push({ field, read: (stats) => finite(stats[key]) });
  }
  for (const [key, field] of exportedFields(ENDPOINT_FIELDS)) {
    all.push({ field, read: (stats) => finite(stats.endpoint[key]) });
  }
  const help = "Bytes per second that congestion control lets through to all peers together.";
  const rate: Field = { kind: "gauge", name: "connection_advised_bytes_per_second", help };
  all.push({ field: rate, read: ({ advice }) => finite(advice.bytesPerSecond) });
  for (const [key, way] of [
    ["messagesSent", "sent"],
    ["messagesReceived", "received"],
  ] as const) {
    const help = way === "sent" ? "Messages that send accepted." : "Messages received.";
    const field: Field = { kind: "counter", name: `reliability_messages_${way}_total`, help };
    DELIVERIES.forEach(({ name }, code) => {
      all.push({ field, labels: { delivery: name }, read: (stats) => stats.endpoint[key][code] ?? 0 });
    });
  }
  return all;
}

/** As a summand: 1 for true, and nothing for a limit that is none (Infinity), which would spoil every sum after it. */
function finite(value: unknown): number {
  const number = Number(value);
  return Number.isFinite(number) ? number : 0;
}

/** What of a connection was counted already. */
export type Counted = Float64Array;

/**
 * Sums over all connections. Counters include those that have ended, and never fall when a peer leaves: each look at a
 * connection adds what came since the last one. Gauges are added up when somebody asks, over the connections there are:
 * a sum that is added to and taken from would keep every rounding, and not be 0 when all have gone.
 */
export class ConnectionTotals {
  readonly columns: readonly Column[] = columns();
  /** Only those of counters are read. */
  readonly #sums: Float64Array = new Float64Array(this.columns.length);
  /** Of the connections there are. */
  readonly #live: Set<Counted> = new Set();

  /** For a connection that nobody has looked at; to be ended by `end`. */
  start(): Counted {
    const counted = new Float64Array(this.columns.length);
    this.#live.add(counted);
    return counted;
  }

  /** Adds what changed since the last look. */
  add(stats: ConnectionStatistics, counted: Counted): void {
    for (let i = 0; i < this.columns.length; i++) {
      const value = (this.columns[i] as Column).read(stats);
      this.#sums[i] = (this.#sums[i] as number) + value - (counted[i] as number);
      counted[i] = value;
    }
  }

  /** A connection has ended: its counters stay in the sums, its gauges go. */
  end(stats: ConnectionStatistics, counted: Counted): void {
    this.add(stats, counted);
    this.#live.delete(counted);
  }

  sum(index: number): number {
    if ((this.columns[index] as Column).field.kind === "counter") return this.#sums[index] as number;
    let sum = 0;
    for (const counted of this.#live) sum += counted[index] as number;
    return sum;
  }

  /** Of the first column with this name. */
  sumOf(name: string): number {
    return this.sum(this.columns.findIndex(({ field }) => field.name === name));
  }
}
