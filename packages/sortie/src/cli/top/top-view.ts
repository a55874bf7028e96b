import { bytesText, count, durationText, msText, percentText } from "../figures-text.js";
import type { Style } from "../style.js";
import { fit, widthOf } from "./cell-text.js";
import type { PeerReading, Reading } from "./reading.js";

/** How the figures are to be laid out. */
export interface ViewOptions {
  /** Columns of the terminal. */
  readonly columns: number;
  /** Rows of the terminal; Infinity: as many as it takes. */
  readonly rows: number;
  readonly style: Style;
  readonly url: string;
  readonly sort: string;
  readonly order: "asc" | "desc";
}

/** A column of the table of peers. The first ones stay where the terminal is narrow. */
interface Column {
  readonly title: string;
  /** Key by which the API sorts, where this is the sorted column. */
  readonly key: string;
  readonly width: number;
  readonly isText?: boolean;
  readonly cell: (peer: PeerReading) => string;
}

/** A tick is busy, or late, when it takes this share of its interval. */
const TICK_WARNING = 0.5;
/** s. A certificate that runs out within that time should have been renewed. */
const CERTIFICATE_WARNING_SECONDS = 7 * 86_400;
/** Columns: a narrower terminal is written on as if it had these, and cuts. */
const MIN_COLUMNS = 20;
/** Columns of a peer's name, at least and at most. */
const LABEL_COLUMNS = [8, 24] as const;

const number = (peer: PeerReading, name: string): number => peer.numbers[name] ?? 0;

const COLUMNS: readonly Column[] = [
  { title: "ID", key: "id", width: 6, cell: (peer) => String(number(peer, "id")) },
  { title: "RTT ms", key: "rttMs", width: 7, cell: (peer) => msText(number(peer, "rttMs")) },
  { title: "LOSS", key: "loss", width: 8, cell: (peer) => percentText(number(peer, "loss")) },
  { title: "QUALITY", key: "quality", width: 8, isText: true, cell: ({ quality }) => quality },
  { title: "IN/s", key: "bytesReceivedPerSecond", width: 8, cell: (peer) => bytesOf(peer, "bytesReceivedPerSecond") },
  { title: "OUT/s", key: "bytesSentPerSecond", width: 8, cell: (peer) => bytesOf(peer, "bytesSentPerSecond") },
  { title: "QUEUED", key: "queuedBytes", width: 8, cell: (peer) => bytesOf(peer, "queuedBytes") },
  { title: "JITTER", key: "jitterMs", width: 7, cell: (peer) => msText(number(peer, "jitterMs")) },
  {
    title: "DGR IN",
    key: "datagramsReceivedPerSecond",
    width: 7,
    cell: (peer) => count(number(peer, "datagramsReceivedPerSecond")),
  },
  {
    title: "DGR OUT",
    key: "datagramsSentPerSecond",
    width: 8,
    cell: (peer) => count(number(peer, "datagramsSentPerSecond")),
  },
  { title: "MSGS", key: "queuedMessages", width: 6, cell: (peer) => count(number(peer, "queuedMessages")) },
  {
    title: "UP",
    key: "connectedSeconds",
    width: 12,
    cell: (peer) => durationText(number(peer, "connectedSeconds")),
  },
];

/** The screen as lines, none wider than the terminal, and no more than it has rows. */
export function viewLines(reading: Reading, options: ViewOptions): string[] {
  const { style, rows } = options;
  // One column stays free: a full row makes some terminals wrap.
  const width = Math.max(MIN_COLUMNS, options.columns - 1);
  const line = (label: string, text: string, isWarning = false): string => {
    const cut = fit(text, width - LABEL_WIDTH).trimEnd();
    return style.dim(label.padEnd(LABEL_WIDTH)) + (isWarning ? style.yellow(cut) : cut);
  };
  const overview = [
    style.bold(fit(headline(reading, options), width).trimEnd()),
    ...overviewOf(reading).map(([label, text, isWarning]) => line(label, text, isWarning)),
  ];
  const room = Math.max(0, rows - overview.length - 2);
  const lines = [...overview, "", ...tableOf(reading, options, width, room)];
  return lines.slice(0, rows);
}

/** Peers that a terminal of so many rows has room for. */
export function peersFor(rows: number): number {
  return Math.max(1, rows - OVERVIEW_LINES - 2);
}

const LABEL_WIDTH = 7;
const OVERVIEW_LINES = 8;

function headline({ address, uptimeSeconds }: Reading, { url }: ViewOptions): string {
  const place = address === undefined ? "not listening" : `UDP ${address}`;
  return `sortie top  ${url}  ${place}, up ${durationText(uptimeSeconds)}`;
}

function overviewOf(reading: Reading): [string, string, boolean?][] {
  const { server, rttMs, loss, drops, disconnects, process } = reading;
  const now = reading.now ?? {};
  const at = (fields: Readonly<Record<string, number>>, name: string): number => fields[name] ?? 0;
  const perSecond = (datagrams: string, bytes: string): string =>
    `${count(at(now, datagrams))} datagrams/s, ${bytesText(at(now, bytes))}/s`;
  return [
    [
      "peers",
      `${count(at(server, "peers"))}, ${count(at(server, "halfOpen"))} half-open, ` +
        `${count(at(server, "peersAccepted"))} ever; CPU ${percentText(at(process, "cpuShare"))}, ` +
        bytesText(at(process, "residentBytes")),
    ],
    ticksOf(reading),
    ["in/out", `${perSecond("datagramsReceived", "bytesReceived")} in; ${perSecond("datagramsSent", "bytesSent")} out`],
    [
      "RTT",
      `${["p50", "p95", "p99", "max"].map((name) => `${name} ${msText(at(rttMs, name))}`).join("  ")} ms; ` +
        `loss p50 ${percentText(at(loss, "p50"))}, p99 ${percentText(at(loss, "p99"))}`,
    ],
    [
      "lost",
      `${count(at(now, "packetsLost"))} packets/s, ${count(at(now, "retransmittedMessages"))} resent/s, ` +
        `${bytesText(at(now, "queuedBytes"))} queued`,
    ],
    ["drops", `${count(at(now, "drops"))}/s${countsText(drops)}`, at(now, "drops") > 0],
    ["ended", disconnects.length === 0 ? "none" : countsText(disconnects).slice(2)],
    ...certificateOf(reading),
  ];
}

/** By the server's clock, which is known after its first second. No line for a bare key, which has no end. */
function certificateOf({ server, now }: Reading): [string, string, boolean][] {
  const { certificateNotAfterMs } = server;
  const unixMs = now?.["unixMs"];
  if (certificateNotAfterMs === undefined || unixMs === undefined) return [];
  const left = (certificateNotAfterMs - unixMs) / 1000;
  const text = left > 0 ? `valid for ${durationText(left)}` : `expired ${durationText(-left)} ago`;
  return [["cert", text, left < CERTIFICATE_WARNING_SECONDS]];
}

function ticksOf({ ticks, now }: Reading): [string, string, boolean?] {
  if (ticks === undefined) return ["ticks", "none: event-driven"];
  const at = (name: string): number => ticks[name] ?? 0;
  const times = (kind: string): string =>
    `${kind} p50 ${msText(at(`${kind}P50Ms`))} p99 ${msText(at(`${kind}P99Ms`))} max ${msText(at(`${kind}MaxMs`))} ms`;
  const rate = `${count(now?.["ticks"] ?? 0)}/s of ${count(1000 / Math.max(1e-3, at("intervalMs")))}`;
  const isHigh = Math.max(at("busyP99Ms"), at("lateP99Ms")) > at("intervalMs") * TICK_WARNING;
  const counts = `${count(at("skipped"))} skipped, ${count(at("overruns"))} overrun`;
  return ["ticks", `${rate}; ${times("busy")}; ${times("late")}; ${counts}`, isHigh];
}

function countsText(counts: Reading["drops"]): string {
  return counts.map(([name, value]) => `, ${count(value)} ${name}`).join("");
}

/** Title and rows, at most `room` of them: as many columns as fit, the rest of the width for name and address. */
function tableOf(reading: Reading, options: ViewOptions, width: number, room: number): string[] {
  const { style, sort, order } = options;
  const labelWidth = Math.min(LABEL_COLUMNS[1], Math.max(LABEL_COLUMNS[0], ...reading.peers.map(labelWidthOf)));
  const addressWidth = Math.max(9, ...reading.peers.map(({ address }) => widthOf(address)));
  const texts: Column[] = [
    { title: "NAME", key: "label", width: labelWidth, isText: true, cell: ({ label }) => label },
    { title: "ADDRESS", key: "address", width: addressWidth, isText: true, cell: ({ address }) => address },
  ];
  const [id, ...others] = COLUMNS as [Column, ...Column[]];
  const shown: Column[] = [];
  let used = -1;
  for (const column of [id, ...texts, ...others]) {
    if (used + 1 + column.width > width) continue;
    used += 1 + column.width;
    shown.push(column);
  }
  const row = (cell: (column: Column) => string): string =>
    shown.map((column) => fit(cell(column), column.width, column.isText === true ? "left" : "right")).join(" ");
  const arrow = order === "asc" ? "+" : "-";
  const title = row((column) => (column.key === sort ? `${column.title}${arrow}` : column.title));
  const { peers, totalPeers } = reading;
  const hidden = totalPeers - Math.min(peers.length, room);
  const rows = peers.slice(0, hidden > 0 ? Math.max(0, room - 1) : room);
  const rest = totalPeers - rows.length;
  return [
    style.inverse(title),
    ...rows.map((peer) =>
      paint(
        peer,
        row((column) => column.cell(peer)),
        style,
      ),
    ),
    ...(rest > 0 && peers.length > 0 ? [style.dim(`and ${count(rest)} more`.slice(0, width))] : []),
  ];
}

function labelWidthOf({ label }: PeerReading): number {
  return widthOf(label);
}

function paint({ quality }: PeerReading, text: string, style: Style): string {
  if (quality === "poor") return style.red(text);
  return quality === "fair" ? style.yellow(text) : text;
}

function bytesOf(peer: PeerReading, name: string): string {
  return bytesText(number(peer, name));
}
