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

/** The names of the options in `Options`, to be written out: the compiler tells of one that is missing or too many. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

/**
 * Throws TypeError for what is no object, and for an option that is none of `known`: a misspelt one would be passed
 * over, and leave the link ideal where a fault was asked for. Those that are undefined are passed over.
 * @param label - what the options are called in the message.
 */
export function checkNames(options: object, known: Readonly<Record<string, true>>, label: string): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    const got = options === null ? "null" : Array.isArray(options) ? "an array" : typeof options;
    throw new TypeError(`"${label}" expected an object, got ${got}`);
  }
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || Object.hasOwn(known, name)) continue;
    const names = Object.keys(known);
    const meant = names.find((other) => other.toLowerCase() === name.toLowerCase());
    const expected = meant === undefined ? `only ${names.join(", ")}` : `"${meant}"`;
    throw new TypeError(`"${label}" expected ${expected}, got "${name}"`);
  }
}

/** Throws TypeError for an option that is null: one that is left out has its default, null is a mistake. */
export function checkNoNulls(options: object): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === null) throw new TypeError(`"${name}" expected a value, got null`);
  }
}
