/** ms. Width of a bin, and where bins of that width end. */
const FINE_BIN_MS = 0.1;
const FINE_END_MS = 1000;
const COARSE_BIN_MS = 10;
const COARSE_END_MS = 100_000;
const FINE_BINS: number = FINE_END_MS / FINE_BIN_MS;
const BINS: number = FINE_BINS + (COARSE_END_MS - FINE_END_MS) / COARSE_BIN_MS + 1;

/** Quantiles of any number of delays in constant memory: to 0.1 ms below a second, to 10 ms above. */
export class DelayHistogram {
  private readonly bins: Uint32Array = new Uint32Array(BINS);
  count = 0;
  maxMs = 0;
  private sumMs = 0;

  add(delayMs: number): void {
    this.count += 1;
    this.sumMs += delayMs;
    if (delayMs > this.maxMs) this.maxMs = delayMs;
    const bin = binOf(Math.max(0, delayMs));
    this.bins[bin] = (this.bins[bin] as number) + 1;
  }

  /** Adds all delays of another. */
  merge(other: DelayHistogram): void {
    this.count += other.count;
    this.sumMs += other.sumMs;
    this.maxMs = Math.max(this.maxMs, other.maxMs);
    for (let bin = 0; bin < BINS; bin++) this.bins[bin] = (this.bins[bin] as number) + (other.bins[bin] as number);
  }

  /** NaN when nothing was added. */
  get meanMs(): number {
    return this.sumMs / this.count;
  }

  /** ms, the upper edge of its bin. `share`: 0..1. NaN when nothing was added. */
  quantile(share: number): number {
    if (this.count === 0) return NaN;
    const rank = Math.max(1, Math.ceil(share * this.count));
    let below = 0;
    for (let bin = 0; bin < BINS; bin++) {
      below += this.bins[bin] as number;
      if (below >= rank) return Math.min(upperEdge(bin), this.maxMs);
    }
    return this.maxMs;
  }
}

function binOf(delayMs: number): number {
  if (delayMs < FINE_END_MS) return Math.floor(delayMs / FINE_BIN_MS);
  if (delayMs >= COARSE_END_MS) return BINS - 1;
  return FINE_BINS + Math.floor((delayMs - FINE_END_MS) / COARSE_BIN_MS);
}

function upperEdge(bin: number): number {
  if (bin < FINE_BINS) return (bin + 1) * FINE_BIN_MS;
  return bin === BINS - 1 ? Infinity : FINE_END_MS + (bin + 1 - FINE_BINS) * COARSE_BIN_MS;
}
