/**
 * @internal Ends a reading of fields for the sake of the processor's caches (`prefetch.ts` of the layers above): makes
 * their sum a small integer, which V8 puts in no box, and neither V8 nor a bundler can leave the reading out. The
 * condition is hardly ever met, so that the processor foresees it and does not wait for the fields.
 */
export function seen(sum: number): number {
  return sum === Number.MIN_VALUE ? 1 : 0;
}
