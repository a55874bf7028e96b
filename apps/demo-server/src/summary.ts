import { formatBytes, formatCount, formatMs } from "@sortie-apps/arena";
import type { ServerStatistics } from "sortie";
import type { GameCounters } from "./game-counters.js";
import { dropCount } from "./status-line.js";

/** The closing words: label and text of each line. */
export function summarize(
  stats: ServerStatistics,
  counters: GameCounters,
  run: { readonly seconds: number; readonly cpuSeconds: number },
): [label: string, text: string][] {
  const { ticks, transport, drops } = stats;
  const { moves, shots, claims, chat, audits } = counters;
  const lines: [string, string][] = [
    ["ran", `${run.seconds.toFixed(1)} s, ${run.cpuSeconds.toFixed(1)} s of processor time`],
    ["peers", `${stats.peersAccepted} came, ${counters.expelled} of them were sent away`],
  ];
  if (ticks !== undefined) {
    const late = `late p50 ${formatMs(ticks.lateP50Ms)}, p99 ${formatMs(ticks.lateP99Ms)}`;
    const busy = `busy p50 ${formatMs(ticks.busyP50Ms)}, p99 ${formatMs(ticks.busyP99Ms)}`;
    const kept = `${formatCount(ticks.overruns)} over time, ${formatCount(ticks.skipped)} skipped`;
    lines.push(["ticks", `${formatCount(ticks.ticks)}, ${late}, ${busy}, ${kept}`]);
  }
  lines.push(
    ["received", `${formatCount(transport.datagramsReceived)} datagrams, ${formatBytes(transport.bytesReceived)}`],
    ["sent", `${formatCount(transport.datagramsSent)} datagrams, ${formatBytes(transport.bytesSent)}`],
    ["drops", dropCount(stats) === 0 ? "none" : listOf(drops)],
    ["moves", listOf(moves)],
    ["shots", listOf(shots)],
    ["claims", listOf(claims)],
    ["chat", listOf(chat)],
    ["audits", listOf(audits)],
  );
  if (counters.malformed > 0) lines.push(["malformed", formatCount(counters.malformed)]);
  if (counters.duplicates > 0) lines.push(["duplicates", formatCount(counters.duplicates)]);
  return lines;
}

/** Such as "accepted 1,200, too-fast 3": what is not 0, or "none". */
function listOf(counts: Readonly<Record<string, number>>): string {
  const there = Object.entries(counts).filter(([, count]) => count > 0);
  return there.map(([name, count]) => `${name} ${formatCount(count)}`).join(", ") || "none";
}
