import type { LinkOptions, LinkParameters } from "./link-options.js";
import { compileTrace, type LinkTrace, type TraceParameters } from "./link-trace.js";

/**
 * Where a link is in its trace. The trace begins at the first time the link is told, and comes round at its end; before
 * that its first step holds.
 */
export class LinkTimeline {
  private readonly steps: TraceParameters[];
  private readonly durationMs: number;
  /** bytes that leave in one round; above 0. */
  private readonly roundBytes: number;
  private index = 0;
  /** Monotonic ms: when the current round began; NaN before the first time was told. */
  private roundStartMs = NaN;

  /**
   * RangeError for a bad trace.
   * @param label what the link is called in messages about `base`
   */
  constructor(trace: LinkTrace, base: LinkOptions, label: string) {
    this.steps = compileTrace(trace, base, label);
    this.durationMs = trace.durationMs;
    this.roundBytes = this.steps.reduce((sum, { atMs, parameters }, index) => {
      const endMs = this.steps[index + 1]?.atMs ?? trace.durationMs;
      return sum + (endMs - atMs) * parameters.bytesPerMs;
    }, 0);
  }

  get parameters(): LinkParameters {
    return (this.steps[this.index] as TraceParameters).parameters;
  }

  /** Tells the first time. */
  begin(nowMs: number): void {
    if (Number.isNaN(this.roundStartMs)) this.roundStartMs = nowMs;
  }

  /** Monotonic ms: when the next step begins. */
  get nextAtMs(): number {
    const next = this.steps[this.index + 1];
    return this.roundStartMs + (next === undefined ? this.durationMs : next.atMs);
  }

  advance(): void {
    if (this.index + 1 < this.steps.length) {
      this.index += 1;
      return;
    }
    this.index = 0;
    this.roundStartMs += this.durationMs;
  }

  /** Monotonic ms: when `bytes` that begin to leave at `nowMs`, within the current step, have all left. */
  departureMs(bytes: number, nowMs: number): number {
    // Every round lets the same through, wherever it begins: whole ones are skipped.
    const rounds = Math.floor(bytes / this.roundBytes);
    let left = rounds === 0 ? bytes : bytes - rounds * this.roundBytes;
    const skippedMs = rounds * this.durationMs;
    let timeMs = nowMs;
    let roundStartMs = this.roundStartMs;
    for (let index = this.index; ;) {
      const { bytesPerMs } = (this.steps[index] as TraceParameters).parameters;
      const next = this.steps[index + 1];
      const endMs = roundStartMs + (next === undefined ? this.durationMs : next.atMs);
      const capacity = bytesPerMs * (endMs - timeMs);
      // At an unlimited rate a capacity of 0 * Infinity is NaN, and nothing waits.
      if (!(capacity < left)) return skippedMs + (left === 0 ? timeMs : timeMs + left / bytesPerMs);
      left -= capacity;
      timeMs = endMs;
      if (next !== undefined) index += 1;
      else {
        index = 0;
        roundStartMs = endMs;
      }
    }
  }
}
