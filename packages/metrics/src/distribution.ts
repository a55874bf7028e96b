/** How a figure is spread over the peers of one moment. */
export interface Distribution {
  /** Upper bounds of the buckets; one more bucket is above the last. */
  readonly bounds: readonly number[];
  /** Peers in each bucket: one more than bounds. */
  readonly counts: readonly number[];
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** ms. Upper bounds for round trips. */
export const RTT_BOUNDS_MS: readonly number[] = [5, 10, 20, 35, 50, 75, 100, 150, 200, 300, 500, 1000];
/** Upper bounds for shares of packets lost. */
export const LOSS_BOUNDS: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.08, 0.15, 0.3, 0.5];

/** bytes. Upper bounds for the largest datagram to a peer: what common paths carry, without IP and UDP headers. */
export const MTU_BOUNDS_BYTES: readonly number[] = [1200, 1232, 1280, 1350, 1400, 1440, 1472];

/** @param values sorted here, in place */
export function distributionOf(values: Float64Array, bounds: readonly number[]): Distribution {
  values.sort();
  const counts = new Array<number>(bounds.length + 1).fill(0);
  let bucket = 0;
  for (const value of values) {
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket += 1;
    counts[bucket] = (counts[bucket] as number) + 1;
  }
  const at = (share: number): number => values[Math.max(0, Math.ceil(share * values.length) - 1)] ?? 0;
  return { bounds, counts, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}
