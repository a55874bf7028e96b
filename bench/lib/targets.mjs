// bench/TARGETS.md: what was aimed at, and what was reached with and without native packages on each Node that was
// measured.
import { OBVIOUS, RAW } from "../workloads/systems.mjs";

const VARIANTS = ["pure", "fast"];

/** ms. Ticks may be so late, 99 times of 100, and so much later beside a flood. */
const LATENESS_MS = 2;

const times = (value) => value.toFixed(2);
const percent = (value) => `${(100 * value).toFixed(1)} %`;
const whole = (value) => value.toFixed(0);
const tenths = (value) => value.toFixed(1);

/** Each: workload, what is measured, the targets, how the figure is found in the workload's data, and its format. */
const ROWS = [
  ...[64, 256, 1000].map((bytes) => ({
    no: "P1",
    text: `echo, ${bytes} bytes, unreliable, to a bare echo`,
    most: { pure: 1.7, fast: 0.85 },
    find: (data, set) => against(data[bytes], `Sortie ${set}, unreliable`, RAW.name),
    show: times,
  })),
  {
    no: "P1",
    text: "echo, 64 bytes, ordered, to a bare echo",
    most: { fast: 1.1 },
    find: (data, set) => against(data[64], `Sortie ${set}, ordered`, RAW.name),
    show: times,
  },
  {
    no: "P1",
    text: "echo, 64 bytes, unreliable, to the obvious TypeScript",
    most: { pure: 0.6, fast: 0.6 },
    find: (data, set) => against(data[64], `Sortie ${set}, unreliable`, OBVIOUS.name),
    show: times,
  },
  {
    no: "P2",
    text: "echo, 64 in flight, to a bare echo",
    most: { pure: 0.25, fast: 0.25 },
    find: (data, set) => against(data[64], `Sortie ${set}, unreliable`, RAW.name),
    show: times,
  },
  {
    no: "P3a",
    text: "128 peers, echo, 60 ticks/s: cores to a bare echo",
    most: { pure: 1.4, fast: 0.6 },
    find: (data, set) => against(data.rows, `Sortie ${set}, unreliable`, RAW.name, "cpuShare"),
    show: times,
  },
  {
    no: "P3b",
    text: "128 peers, 200 bytes out in every tick: share of a core",
    most: { pure: 0.2, fast: 0.08 },
    find: (data, set) => median(data.rows, `Sortie ${set}, unreliable`, "cpuShare"),
    show: percent,
  },
  ...["P3a", "P3b"].map((no) => ({
    no,
    text: "lateness of ticks, p99, ms",
    most: { pure: LATENESS_MS, fast: LATENESS_MS },
    find: (data, set) => median(data.rows, `Sortie ${set}, unreliable`, "lateP99Ms"),
    show: times,
  })),
  {
    no: "P4",
    text: "2,000 peers, 30 Hz both ways: share of a core",
    most: { fast: 0.65 },
    find: (data, set) => median(data.rows, `Sortie ${set}, unreliable`, "cpuShare"),
    show: percent,
  },
  {
    no: "P4",
    text: "ticks over budget",
    most: { fast: 0 },
    find: (data, set) => median(data.rows, `Sortie ${set}, unreliable`, "overruns"),
    show: whole,
  },
  {
    no: "P5",
    text: "full handshake, µs",
    most: { pure: 600 },
    find: (data, set) => (set === "pure" ? data.full.cpuMicrosPerHandshake?.median : undefined),
    show: whole,
  },
  {
    no: "P5",
    text: "hello without cookie, to a bare echo",
    most: { pure: 1.5, fast: 1.5 },
    find: (data, set) => against(data.hellos, `Sortie ${set}, RETRY`, RAW.name, "cpuMicrosPerSent"),
    show: times,
  },
  {
    no: "P5",
    text: "P3a's lateness p99 at 20,000 spoofed hellos/s: later by ms",
    most: { pure: LATENESS_MS, fast: LATENESS_MS },
    find: (data, set) => later(data.flood, `Sortie ${set}, unreliable`),
    show: times,
  },
  {
    no: "P6",
    text: "memory of an idle peer, KiB",
    most: { pure: 16 },
    find: (data, set) => (set === "pure" ? data.perPeerBytes / 1024 : undefined),
    show: tenths,
  },
  {
    no: "P6",
    text: "after all have left, more than before",
    most: { pure: 0.05 },
    find: (data, set) => (set === "pure" ? data.leftShare : undefined),
    show: percent,
  },
  ...["received", "sent", "echo"].map((shape) => ({
    no: "P7",
    text: `heap bytes per datagram above node:dgram's own, ${shape}`,
    most: { pure: 300 },
    find: (data, set) => ofShape(data, shape, set)?.aboveBytes,
    show: whole,
  })),
  {
    no: "P7",
    text: "longest pause of P4, ms",
    most: { pure: 8, fast: 8 },
    find: (data, set) => ofShape(data, "P4", set)?.longestPauseMs?.median,
    show: tenths,
  },
  {
    no: "P8",
    text: "broadcast, µs for each peer",
    most: { pure: 12, fast: 4 },
    find: (data, set) => median(data.rows, `Sortie ${set}, unreliable`, "cpuMicrosPerMessage"),
    show: tenths,
  },
  {
    no: "P9",
    text: "64 MiB in order, MB/s",
    least: { pure: 30, fast: 60 },
    find: (data, set) => median(data.rows, `Sortie ${set}, ordered`, "megabytesPerSecond"),
    show: whole,
  },
];

/** @param byNode results of all workloads by the major version of Node */
export function targets(byNode) {
  const nodes = Object.keys(byNode).sort((a, b) => a - b);
  const heads = nodes.flatMap((node) => VARIANTS.map((set) => `${set}, Node ${node}`));
  const lines = [
    "# Targets",
    "",
    "Written by `npm run bench`, from the medians in the tables of each version of Node. Bold: met. A dash: not",
    "measured.",
    "",
    `| no. | figure | target, pure | target, fast | ${heads.join(" | ")} |`,
    `|${" --- |".repeat(4 + heads.length)}`,
  ];
  for (const row of ROWS) {
    const reached = nodes.flatMap((node) => VARIANTS.map((set) => cellOf(row, byNode[node][row.no]?.data, set)));
    const cells = [row.no, row.text, ...VARIANTS.map((set) => target(row, set)), ...reached];
    lines.push(`| ${cells.join(" | ")} |`);
  }
  return `${lines.join("\n")}\n`;
}

function target({ most, least, show }, set) {
  if (most?.[set] !== undefined) return `<= ${show(most[set])}`;
  return least?.[set] === undefined ? "" : `>= ${show(least[set])}`;
}

function cellOf({ most, least, find, show }, data, set) {
  const value = data === undefined ? undefined : find(data, set);
  if (value === undefined || value === null || Number.isNaN(value)) return "–";
  const isMet = value <= (most?.[set] ?? -Infinity) || value >= (least?.[set] ?? Infinity);
  return isMet ? `**${show(value)}**` : show(value);
}

function median(rows, name, key) {
  return rows?.find((row) => row.name === name)?.[key]?.median;
}

function against(rows, name, other, key = "cpuMicrosPerMessage") {
  return median(rows, name, key) / median(rows, other, key);
}

function later(rows, name) {
  const flooded = rows?.find((row) => row.name.startsWith(`${name}: and`));
  return flooded?.lateP99Ms?.median - median(rows, `${name}: P3a alone`, "lateP99Ms");
}

function ofShape(rows, shape, set) {
  return rows?.find(({ title, name }) => title.startsWith(shape) && name === `Sortie ${set}, unreliable`);
}
