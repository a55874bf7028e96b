import { CLOCK_METHODS, describeValue } from "@sortie/transport";

/** Throws a RangeError unless `value` is an integer in min..max. */
export function checkInteger(label: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`"${label}" expected an integer in ${min}..${max}, got ${describeValue(value)}`);
  }
}

/** Throws a RangeError unless `value` is a number in min..max (NaN never is). */
export function checkNumber(label: string, value: number, min: number, max: number): void {
  if (typeof value !== "number" || !(value >= min && value <= max)) {
    throw new RangeError(`"${label}" expected ${min}..${max}, got ${describeValue(value)}`);
  }
}

/** The names of the options in `Options`, to be written out: the compiler tells of one that is missing or too many. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

/** Throws TypeError for what is no clock. */
export function checkClock(clock: unknown): void {
  const parts = clock as Readonly<Record<string, unknown>> | null | undefined;
  const missing = CLOCK_METHODS.filter((name) => typeof parts?.[name] !== "function");
  if (missing.length === 0) return;
  const got = describeValue(clock);
  throw new TypeError(
    `"clock" expected a clock, got ${got === "an object" ? `${got} without ${missing.join(", ")}` : got}`,
  );
}

/** Throws TypeError for an option that is null: one that is left out has its default, null is a mistake. */
export function checkNoNulls(options: object): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === null) throw new TypeError(`"${name}" expected a value, got null`);
  }
}
