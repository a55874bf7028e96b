import { formatBytes, formatCount, formatMs, type TerminalStatus } from "@sortie-apps/arena";
import type { ServerStatistics } from "sortie";
import { type GameCounters, refusedCount } from "./game-counters.js";

/** The server's state, with rates since the last update. */
export class StatusLine {
  private readonly terminal: TerminalStatus;
  private before: { readonly stats: ServerStatistics; readonly atMs: number } | undefined;

  constructor(terminal: TerminalStatus) {
    this.terminal = terminal;
  }

  /** Shows the state at `nowMs`; the first call only notes it. */
  update(stats: ServerStatistics, counters: GameCounters, nowMs: number): void {
    const { before } = this;
    this.before = { stats, atMs: nowMs };
    if (before !== undefined && nowMs > before.atMs) {
      this.terminal.update(partsOf(before.stats, stats, (nowMs - before.atMs) / 1_000, counters), nowMs);
    }
  }

  end(): void {
    this.terminal.end();
  }
}

/** What happened in the `seconds` between two states. */
function partsOf(before: ServerStatistics, after: ServerStatistics, seconds: number, counters: GameCounters): string[] {
  const rate = (name: "datagramsSent" | "datagramsReceived" | "bytesSent" | "bytesReceived"): number =>
    (after.transport[name] - before.transport[name]) / seconds;
  const ticks = ((after.ticks?.ticks ?? 0) - (before.ticks?.ticks ?? 0)) / seconds;
  return [
    `${after.peers} peers`,
    `${ticks.toFixed(0)} ticks/s`,
    `late p99 ${formatMs(after.ticks?.lateP99Ms)}`,
    `in ${formatCount(rate("datagramsReceived"))}/s ${formatBytes(rate("bytesReceived"))}/s`,
    `out ${formatCount(rate("datagramsSent"))}/s ${formatBytes(rate("bytesSent"))}/s`,
    `drops ${formatCount(dropCount(after))}`,
    `refused ${formatCount(refusedCount(counters))}`,
  ];
}

/** Datagrams dropped since the start, for whatever reason. */
export function dropCount({ drops }: ServerStatistics): number {
  return Object.values(drops).reduce((sum, count) => sum + count, 0);
}
