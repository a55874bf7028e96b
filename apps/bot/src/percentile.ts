/**
 * The nearest-rank percentile: the smallest value that at least `share` of all values do not exceed. undefined when
 * there are none.
 *
 * @param sorted - in ascending order.
 * @param share - 0..1: 0.99 is the 99th percentile, 0 the smallest value, 1 the largest.
 */
export function percentile(sorted: ArrayLike<number>, share: number): number | undefined {
  if (!(share >= 0 && share <= 1)) throw new RangeError(`"share" expected 0..1, got ${share}`);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

/** The latest values of a measurement, up to a fixed number of them, so that a run without end needs no more memory. */
export class SampleWindow {
  private readonly values: Float64Array;
  private total = 0;

  /** @param capacity - values kept; at least 1. */
  constructor(capacity: number) {
    this.values = new Float64Array(capacity);
  }

  add(value: number): void {
    this.values[this.total++ % this.values.length] = value;
  }

  /** Values that were added, those no longer kept included. */
  get count(): number {
    return this.total;
  }

  /** Percentiles of what is kept, by one sort: see `percentile`. */
  percentiles(...shares: readonly number[]): (number | undefined)[] {
    const sorted = this.values.slice(0, Math.min(this.total, this.values.length)).sort();
    return shares.map((share) => percentile(sorted, share));
  }
}
