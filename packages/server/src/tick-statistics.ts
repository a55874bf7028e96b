/** Ticks whose lateness and duration are kept: about 17 s at 60 ticks/s. */
const KEPT_TICKS = 1024;

/** Times in ms, over the last 1024 ticks where nothing else is said. */
export interface TickStatisticsSnapshot {
  readonly intervalMs: number;
  /** Ticks run since the start. */
  readonly ticks: number;
  /** Ticks left out since the start, because the loop was held up for longer than it makes up for. */
  readonly skipped: number;
  /** Ticks since the start that took longer than their interval. */
  readonly overruns: number;
  /** How late ticks came, as `TickEvent.lateMs` has it: with the whole of a hold-up, ticks left out included. */
  readonly lateP50Ms: number;
  readonly lateP99Ms: number;
  readonly lateMaxMs: number;
  readonly busyP50Ms: number;
  readonly busyP99Ms: number;
  readonly busyMaxMs: number;
}

/** How late ticks come and how long they take. */
export class TickStatistics {
  private readonly intervalMs: number;
  private readonly late: Float64Array = new Float64Array(KEPT_TICKS);
  private readonly busy: Float64Array = new Float64Array(KEPT_TICKS);
  private ticks = 0;
  /** As `TickStatisticsSnapshot` has it. */
  skipped = 0;
  private overruns = 0;
  /** ms. Longest hold-up for which ticks were left out, since it was taken last. */
  private holdUpMs = 0;

  constructor(intervalMs: number) {
    this.intervalMs = intervalMs;
  }

  onTick(lateMs: number, busyMs: number): void {
    const at = this.ticks % KEPT_TICKS;
    this.late[at] = lateMs;
    this.busy[at] = busyMs;
    this.ticks += 1;
    if (busyMs > this.intervalMs) this.overruns += 1;
  }

  /** @param holdUpMs for how long the first of them has been due */
  onSkipped(ticks: number, holdUpMs: number): void {
    this.skipped += ticks;
    this.holdUpMs = Math.max(this.holdUpMs, holdUpMs);
  }

  /** ms. The longest hold-up for which ticks were left out since the last call; 0 where there was none. */
  takeHoldUpMs(): number {
    const { holdUpMs } = this;
    this.holdUpMs = 0;
    return holdUpMs;
  }

  snapshot(): TickStatisticsSnapshot {
    const kept = Math.min(this.ticks, KEPT_TICKS);
    const late = this.late.slice(0, kept).sort();
    const busy = this.busy.slice(0, kept).sort();
    return {
      intervalMs: this.intervalMs,
      ticks: this.ticks,
      skipped: this.skipped,
      overruns: this.overruns,
      lateP50Ms: percentile(late, 0.5),
      lateP99Ms: percentile(late, 0.99),
      lateMaxMs: percentile(late, 1),
      busyP50Ms: percentile(busy, 0.5),
      busyP99Ms: percentile(busy, 0.99),
      busyMaxMs: percentile(busy, 1),
    };
  }
}

/** Nearest-rank percentile of sorted values; 0 when there are none. */
function percentile(sorted: Float64Array, share: number): number {
  if (sorted.length === 0) return 0;
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number;
}
