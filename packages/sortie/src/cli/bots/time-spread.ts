import { createHistogram, type RecordableHistogram } from "node:perf_hooks";

/** How times are spread, in ms. */
export interface SpreadOfTimes {
  readonly count: number;
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** Microseconds in a millisecond. */
const US = 1000;
/** µs. An hour: what is longer counts as that. */
const LONGEST_US = 3_600_000_000;

/** Any number of times in little memory: a histogram with three digits, in microseconds. */
export class TimeSpread {
  readonly #histogram: RecordableHistogram = createHistogram({ lowest: 1, highest: LONGEST_US, figures: 3 });

  add(ms: number): void {
    if (Number.isFinite(ms)) this.#histogram.record(Math.min(LONGEST_US, Math.max(1, Math.round(ms * US))));
  }

  /** undefined where there is none. */
  spread(): SpreadOfTimes | undefined {
    const { count, min, mean, max } = this.#histogram;
    if (count === 0) return undefined;
    const at = (percent: number): number => this.#histogram.percentile(percent) / US;
    return { count, min: min / US, mean: mean / US, p50: at(50), p90: at(90), p99: at(99), max: max / US };
  }
}
