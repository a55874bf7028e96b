import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Run } from "./run-scenarios.js";
import type { Series } from "./scenario.js";
import { type Panel, svgCharts } from "./svg-chart.js";

const FOLDER = "plots";
/** The scenarios that a person should look at. */
const PLOTTED: readonly string[] = ["S4", "S5", "S7"];
const BLUE = "#1f6fb2";
const ORANGE = "#d9641e";
const GREEN = "#2a8c4a";
/** ms over which throughput is averaged. */
const RATE_WINDOW_MS = 250;

/** Writes a plot of the first seed of each variant that is plotted; names tell scenario, variant and controller. */
export function plotRuns(runs: readonly Run[], docsFolder: string): void {
  for (const run of runs) {
    const { scenario, variant, seed, controller, outcome } = run;
    const isFirst = runs.find((other) => other.scenario === scenario && other.variant === variant) === run;
    if (outcome.series === undefined || !PLOTTED.includes(scenario) || !isFirst) continue;
    const folder = join(docsFolder, FOLDER);
    mkdirSync(folder, { recursive: true });
    const title = `${scenario}${variant === "" ? "" : `, ${variant}`}: controller ${controller}, seed ${seed}`;
    writeFileSync(join(folder, fileName(run)), svgCharts(title, outcome.series.atMs, panelsOf(outcome.series)));
  }
}

/** The plots of the default controller that are there, by scenario, as paths from the docs folder. */
export function plotsOf(docsFolder: string): Map<string, string[]> {
  const folder = join(docsFolder, FOLDER);
  const plots = new Map<string, string[]>();
  for (const name of existsSync(folder) ? readdirSync(folder).sort() : []) {
    const scenario = name.split("-")[0]?.toUpperCase() ?? "";
    if (!name.endsWith("-default.svg")) continue;
    plots.set(scenario, [...(plots.get(scenario) ?? []), `${FOLDER}/${name}`]);
  }
  return plots;
}

function fileName({ scenario, variant, controller }: Run): string {
  const parts = [scenario, variant, controller].map((part) => part.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-"));
  return `${parts.filter((part) => part !== "").join("-")}.svg`;
}

function panelsOf(series: Series): Panel[] {
  const { atMs } = series;
  const panels: Panel[] = [];
  const bulk = series["bulkBytes"];
  const wire = series["wireBytes"];
  if (bulk !== undefined && wire !== undefined) {
    const values = ratesOf(atMs, wire).map((bytes) => (bytes * 8) / 1e6);
    panels.push({
      title: "throughput",
      unit: "Mbit/s",
      lines: [{ label: "UDP payload that passed the link", color: BLUE, values }],
    });
    const delivered = bulk.map((bytes) => bytes / 1e6);
    panels.push({
      title: "bulk",
      unit: "MB",
      lines: [{ label: "delivered in order so far", color: BLUE, values: delivered }],
    });
  }
  const unreliable = series["unreliableReceived"];
  const ordered = series["orderedReceived"];
  if (unreliable !== undefined && ordered !== undefined) {
    const lines = [
      { label: "unreliable", color: BLUE, values: ratesOf(atMs, unreliable) },
      { label: "ordered", color: GREEN, values: ratesOf(atMs, ordered) },
    ];
    panels.push({ title: "messages at the client", unit: "per s", lines });
  }
  const rtt = series["rttMs"];
  if (rtt !== undefined) {
    panels.push({
      title: "round trip, smoothed by the sender",
      unit: "ms",
      lines: [{ label: "RTT", color: ORANGE, values: rtt }],
    });
  }
  panels.push(...windowPanel(series));
  const queue = series["queueMs"];
  if (bulk !== undefined && queue !== undefined) {
    const lines = [{ label: "waiting at the bottleneck", color: ORANGE, values: queue }];
    panels.push({ title: "queue of the link", unit: "ms", lines });
  }
  return panels;
}

function windowPanel(series: Series): Panel[] {
  const lines = [];
  const inFlight = series["bytesInFlight"];
  if (inFlight !== undefined)
    lines.push({ label: "in flight", color: GREEN, values: inFlight.map((bytes) => bytes / 1024) });
  const window = series["windowBytes"];
  // A controller without a window has an unlimited one.
  if (window?.some(Number.isFinite) === true) {
    lines.push({ label: "congestion window", color: BLUE, values: window.map((bytes) => bytes / 1024) });
  }
  return lines.length === 0 ? [] : [{ title: "congestion window", unit: "KiB", lines }];
}

/** Per second, over the last quarter of a second. */
function ratesOf(atMs: readonly number[], totals: readonly number[]): number[] {
  let from = 0;
  return totals.map((total, to) => {
    while ((atMs[to] as number) - (atMs[from] as number) > RATE_WINDOW_MS) from += 1;
    // Before the first window is over, what came is spread over a whole one.
    const elapsedMs = Math.max((atMs[to] as number) - (atMs[from] as number), RATE_WINDOW_MS);
    return ((total - (totals[from] as number)) / elapsedMs) * 1000;
  });
}
