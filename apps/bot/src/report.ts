import {
  formatBytes,
  formatCount,
  formatMs,
  LOSSLESS_ROUTES,
  type Route,
  ROUTE_NAMES,
  ROUTES,
} from "@sortie-apps/arena";
import type { AuditResult, RouteTally } from "./audit.js";
import type { BotFailure } from "./fleet.js";
import type { FleetRates } from "./fleet-meter.js";
import type { OutcomeCounts } from "./mailbox.js";
import type { SampleWindow } from "./percentile.js";

/** Failures that the text shows one by one; the JSON has them all. */
const SHOWN_FAILURES = 10;

/** Percentiles in ms; absent when nothing was measured. */
interface Times {
  readonly p50Ms?: number;
  readonly p99Ms?: number;
}

/** Everything a run has shown: what `--json` writes. */
export interface Report {
  /** "host:port", or several with commas in between where a matchmaker gave them; empty when it gave none. */
  readonly server: string;
  readonly protocol: string;
  readonly bots: number;
  /** Bots whose connect succeeded. */
  readonly connected: number;
  /** Bots whose audit found both ends in agreement. */
  readonly audited: number;
  /** No failure of any kind. */
  readonly passed: boolean;
  readonly traffic: FleetRates;
  /** Smoothed round-trip times of the connections. */
  readonly rtt: Times;
  /** From a probe to its answer, the wait for the server's tick and the bot's turn included. */
  readonly answerTime: Times;
  /** What became of the bots' messages. */
  readonly outcomes: OutcomeCounts;
  /** Both ends' counts of the bots that were audited, added up; empty when none was. */
  readonly deliveries: readonly RouteTally[];
  readonly failures: readonly BotFailure[];
}

/** What a run leaves behind. */
export interface RunFacts {
  /** Places where bots were to play, as "host:port", and their protocols. */
  readonly servers: readonly string[];
  readonly protocols: readonly string[];
  readonly bots: number;
  readonly connected: number;
  readonly traffic: FleetRates;
  readonly rttSamples: SampleWindow;
  readonly answerTimes: SampleWindow;
  readonly outcomes: OutcomeCounts;
  /** Of all bots that got to the end of theirs. */
  readonly audits: readonly AuditResult[];
  readonly failures: readonly BotFailure[];
}

/** Draws up the report. Passed is only a run in which every bot connected and every bot's audit found no fault. */
export function createReport(facts: RunFacts): Report {
  const { servers, protocols, bots, connected, traffic, outcomes, audits, failures } = facts;
  const audited = audits.filter(({ faults }) => faults.length === 0).length;
  return {
    server: servers.join(", "),
    protocol: protocols.join(", "),
    bots,
    connected,
    audited,
    passed: failures.length === 0 && connected === bots && audited === bots,
    traffic,
    rtt: timesOf(facts.rttSamples),
    answerTime: timesOf(facts.answerTimes),
    outcomes,
    deliveries: sumTallies(audits.flatMap(({ tallies }) => tallies)),
    failures,
  };
}

/** Colours, or functions that leave the text as it is. */
export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  green(text: string): string;
  red(text: string): string;
}

/** The report as lines for people. */
export function renderReport(report: Report, paint: Paint): string {
  const { traffic, outcomes, rtt, answerTime } = report;
  const rate = (datagrams: number, bytes: number): string =>
    `${formatCount(datagrams)} datagrams/s, ${formatBytes(bytes)}/s`;
  const facts: [string, string][] = [
    ["connected", `${report.connected} of ${report.bots} to ${report.server || "no server"}`],
    ["measured", `${traffic.seconds.toFixed(1)} s`],
    ["RTT", `p50 ${formatMs(rtt.p50Ms)}, p99 ${formatMs(rtt.p99Ms)}`],
    ["answer time", `p50 ${formatMs(answerTime.p50Ms)}, p99 ${formatMs(answerTime.p99Ms)}`],
    ["loss", formatShare(traffic.loss)],
    ["sent", rate(traffic.datagramsOutPerSecond, traffic.bytesOutPerSecond)],
    ["received", rate(traffic.datagramsInPerSecond, traffic.bytesInPerSecond)],
    ["outcomes", renderOutcomes(outcomes)],
    ["processor", `${formatShare(traffic.cpu)} of one`],
  ];
  const measured = report.connected > 0 ? facts : facts.slice(0, 1);
  return [
    "",
    ...measured.map(([label, text]) => `${paint.dim(label.padEnd(12))}${text}`),
    "",
    ...renderDeliveries(report.deliveries, paint),
    ...renderFailures(report.failures, paint),
    renderVerdict(report, paint),
  ].join("\n");
}

/** Such as "acked 1,200, expired 0, dropped 3"; "closed" only when there is one. */
export function renderOutcomes({ acked, expired, dropped, closed }: OutcomeCounts): string {
  const always = `acked ${formatCount(acked)}, expired ${formatCount(expired)}, dropped ${formatCount(dropped)}`;
  return closed > 0 ? `${always}, closed ${formatCount(closed)}` : always;
}

/** A share as a percentage: 0.0123 is "1.23 %". */
export function formatShare(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

function renderDeliveries(deliveries: readonly RouteTally[], paint: Paint): string[] {
  if (deliveries.length === 0) return [];
  const header = ["", "delivery", "sent", "received", "missing", "duplicated", "late"];
  const rows = deliveries.map((tally) => [
    `${tally.route} ${tally.direction}`,
    ROUTES[tally.route].delivery,
    ...[tally.sent, tally.distinct, tally.missing, tally.duplicates, tally.late].map(formatCount),
  ]);
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => (row[column] ?? "").length)));
  const render = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ");
  return [paint.dim(render(header)), ...rows.map(render), ""];
}

function renderFailures(failures: readonly BotFailure[], paint: Paint): string[] {
  if (failures.length === 0) return [];
  const shown = failures.slice(0, SHOWN_FAILURES);
  const lines = shown.map(({ bot, stage, code, message }) => paint.red(`bot ${bot}, ${stage} (${code}): ${message}`));
  const more = failures.length - shown.length;
  return [...lines, ...(more > 0 ? [paint.red(`... and ${more} more`)] : []), ""];
}

function renderVerdict(report: Report, paint: Paint): string {
  const lossless = report.deliveries.filter(({ route }) => LOSSLESS_ROUTES.includes(route));
  const sum = (name: "sent" | "missing" | "duplicates"): string =>
    formatCount(lossless.reduce((total, tally) => total + tally[name], 0));
  const counted = `${sum("sent")} reliable messages, ${sum("missing")} lost, ${sum("duplicates")} duplicated`;
  const word = report.passed ? paint.green("PASSED") : paint.red("FAILED");
  return `${paint.bold(word)}: ${report.audited} of ${report.bots} bots agree with the server: ${counted}`;
}

function sumTallies(tallies: readonly RouteTally[]): RouteTally[] {
  if (tallies.length === 0) return [];
  const sumOf = (route: Route, direction: RouteTally["direction"]): RouteTally => {
    const sum = { route, direction, sent: 0, distinct: 0, duplicates: 0, late: 0, missing: 0 };
    for (const tally of tallies) {
      if (tally.route !== route || tally.direction !== direction) continue;
      for (const name of ["sent", "distinct", "duplicates", "late", "missing"] as const) sum[name] += tally[name];
    }
    return sum;
  };
  return ROUTE_NAMES.flatMap((route) => [sumOf(route, "up"), sumOf(route, "down")]);
}

function timesOf(samples: SampleWindow): Times {
  const [p50Ms, p99Ms] = samples.percentiles(0.5, 0.99);
  return { ...(p50Ms === undefined ? {} : { p50Ms }), ...(p99Ms === undefined ? {} : { p99Ms }) };
}
