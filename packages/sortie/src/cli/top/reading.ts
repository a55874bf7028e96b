import { printable } from "../printable.js";

/** Everything that `sortie top` shows of one moment. Names are those of the API; texts are fit to be printed. */
export interface Reading {
  /** Number of the next second of the history. */
  readonly next: number;
  /** Where the server listens; undefined while it does not. */
  readonly address: string | undefined;
  readonly uptimeSeconds: number;
  /** The last whole second, by column of the history; undefined in the first second. */
  readonly now: Readonly<Record<string, number>> | undefined;
  /** undefined with a server without ticks. */
  readonly ticks: Readonly<Record<string, number>> | undefined;
  readonly server: Readonly<Record<string, number>>;
  readonly process: Readonly<Record<string, number>>;
  readonly rttMs: Readonly<Record<string, number>>;
  readonly loss: Readonly<Record<string, number>>;
  /** Datagrams dropped since the start, by reason, most first; those without any left out. */
  readonly drops: readonly (readonly [string, number])[];
  /** Ended peers, by reason and side, most first. */
  readonly disconnects: readonly (readonly [string, number])[];
  /** Peers that match the search, shown or not. */
  readonly totalPeers: number;
  readonly peers: readonly PeerReading[];
}

/** A row of the table. */
export interface PeerReading {
  readonly address: string;
  readonly label: string;
  readonly quality: string;
  /** Every figure of the row. */
  readonly numbers: Readonly<Record<string, number>>;
}

/** Something is not what the API gives. */
export class ReadingError extends Error {
  override readonly name = "ReadingError";
}

type Fields = Readonly<Record<string, unknown>>;

/** Reasons and sides that are listed; the API has closed lists of fewer. */
const MAX_COUNTS = 64;

/** Makes a reading of three answers, which may be anything. Throws ReadingError. */
export function read(summary: unknown, history: unknown, peers: unknown, limit: number): Reading {
  const all = fieldsOf("summary", summary);
  const stats = fieldsOf("summary.stats", all["stats"]);
  const distributions = fieldsOf("summary.distributions", all["distributions"]);
  const past = fieldsOf("history", history);
  const list = fieldsOf("peers", peers);
  return {
    next: numberOf("history.next", past["next"]),
    address: addressOf(all["address"]),
    uptimeSeconds: numberOf("summary.uptimeSeconds", all["uptimeSeconds"]),
    now: newestOf(fieldsOf("history.columns", past["columns"])),
    ticks: stats["ticks"] === undefined ? undefined : numbersOf(fieldsOf("summary.stats.ticks", stats["ticks"])),
    server: numbersOf(stats),
    process: numbersOf(fieldsOf("summary.process", all["process"])),
    rttMs: numbersOf(fieldsOf("summary.distributions.rttMs", distributions["rttMs"])),
    loss: numbersOf(fieldsOf("summary.distributions.loss", distributions["loss"])),
    drops: mostFirst(Object.entries(numbersOf(fieldsOf("summary.stats.drops", stats["drops"])))),
    disconnects: mostFirst(arrayOf("summary.disconnects", all["disconnects"]).map(disconnectOf)),
    totalPeers: numberOf("peers.total", list["total"]),
    peers: arrayOf("peers.peers", list["peers"]).slice(0, limit).map(peerOf),
  };
}

function peerOf(value: unknown): PeerReading {
  const row = fieldsOf("peers.peers[]", value);
  const text = (name: string): string => printable(typeof row[name] === "string" ? row[name] : "");
  return { address: text("address"), label: text("label"), quality: text("quality"), numbers: numbersOf(row) };
}

function disconnectOf(value: unknown): [string, number] {
  const { code, by, count } = fieldsOf("summary.disconnects[]", value);
  return [`${String(code)} by ${String(by)}`, numberOf("summary.disconnects[].count", count)];
}

function mostFirst(counts: readonly [string, number][]): [string, number][] {
  const some = counts.filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]);
  return some.slice(0, MAX_COUNTS).map(([name, count]) => [printable(name), count]);
}

function addressOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  const { address, port } = fieldsOf("summary.address", value);
  const host = printable(String(address));
  return `${host.includes(":") ? `[${host}]` : host}:${numberOf("summary.address.port", port)}`;
}

/** The last value of each column; undefined while the columns are empty. */
function newestOf(columns: Fields): Record<string, number> | undefined {
  const newest: Record<string, number> = {};
  for (const [name, values] of Object.entries(columns)) {
    const last = arrayOf(`history.columns.${name}`, values).at(-1);
    if (last === undefined) return undefined;
    newest[name] = Number(last);
  }
  return newest;
}

function numbersOf(fields: Fields): Record<string, number> {
  const numbers: Record<string, number> = {};
  for (const [name, value] of Object.entries(fields)) if (typeof value === "number") numbers[name] = value;
  return numbers;
}

function fieldsOf(label: string, value: unknown): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw new ReadingError(`"${label}" expected an object`);
}

function arrayOf(label: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value as readonly unknown[];
  throw new ReadingError(`"${printable(label)}" expected an array`);
}

function numberOf(label: string, value: unknown): number {
  if (typeof value === "number") return value;
  throw new ReadingError(`"${label}" expected a number`);
}
