/** Throws a RangeError unless `value` is an integer in min..max. */
export function checkInteger(label: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`"${label}" expected an integer in ${min}..${max}, got ${String(value)}`);
  }
}

/** Throws a RangeError unless `value` is a number in min..max (NaN never is). */
export function checkNumber(label: string, value: number, min: number, max: number): void {
  if (typeof value !== "number" || !(value >= min && value <= max)) {
    throw new RangeError(`"${label}" expected ${min}..${max}, got ${String(value)}`);
  }
}
