/**
 * Throws unless `value` is a number in `lowest..highest` (fractions allowed). For what callers configure, never for
 * bytes of the network.
 * @throws TypeError when `value` is no number, RangeError when it is outside of the range or NaN
 */
export function expectNumber(label: string, value: number, lowest: number, highest: number): void {
  if (typeof value !== "number") throw new TypeError(`"${label}" expected a number, got ${typeof value}`);
  // Written so that NaN fails too.
  if (!(value >= lowest && value <= highest)) {
    throw new RangeError(`"${label}" expected ${lowest}..${highest}, got ${value}`);
  }
}
