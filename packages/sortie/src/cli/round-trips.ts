/** Round trips in ms, of those that are kept. */
export interface RoundTripSummary {
  readonly min: number;
  readonly avg: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Mean difference between one round trip and the next; 0 for a single one. */
  readonly jitter: number;
}

/** Round trips that are kept. The oldest go: a run without end needs no more memory. */
const KEPT = 100_000;

/** The round trips of a run: all are counted, the newest are kept. */
export class RoundTrips {
  /** How many there were. */
  count = 0;
  readonly #samples: number[] = [];

  add(ms: number): void {
    this.count += 1;
    this.#samples.push(ms);
    if (this.#samples.length > KEPT) this.#samples.shift();
  }

  /** undefined where there is none. */
  summary(): RoundTripSummary | undefined {
    const samples = this.#samples;
    if (samples.length === 0) return undefined;
    const sorted = Float64Array.from(samples).sort();
    const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number;
    let differences = 0;
    for (let i = 1; i < samples.length; i++) {
      differences += Math.abs((samples[i] as number) - (samples[i - 1] as number));
    }
    return {
      min: at(0),
      avg: samples.reduce((sum, ms) => sum + ms, 0) / samples.length,
      p50: at(0.5),
      p99: at(0.99),
      max: at(1),
      jitter: samples.length > 1 ? differences / (samples.length - 1) : 0,
    };
  }
}
