import { CLOCK_METHODS, containRejection, describeValue, SocketAddress } from "@sortie/transport";

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

/** Throws a RangeError unless `value` is a finite number, of `min` or more where that is given. */
export function checkFinite(label: string, value: number, min: number = -Infinity): void {
  if (Number.isFinite(value) && value >= min) return;
  const expected = min === -Infinity ? "a finite number" : `a finite number of ${min} or more`;
  throw new RangeError(`"${label}" expected ${expected}, got ${describeValue(value)}`);
}

/** The names of the options in `Options`, to be written out: the compiler tells of one that is missing or too many. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

/** Throws TypeError for what is no clock. */
export function checkClock(clock: unknown): void {
  checkMethods("clock", clock, "a clock", CLOCK_METHODS);
}

/**
 * Throws TypeError unless `value` has all these methods.
 * @param expected what the option takes, for the message
 */
export function checkMethods(label: string, value: unknown, expected: string, methods: readonly string[]): void {
  const parts = value as Readonly<Record<string, unknown>> | null | undefined;
  const missing = methods.filter((name) => typeof parts?.[name] !== "function");
  if (missing.length === 0) return;
  containRejection(value);
  const got = describeValue(value);
  throw new TypeError(
    `"${label}" expected ${expected}, got ${got === "an object" ? `${got} without ${missing.join(", ")}` : got}`,
  );
}

/** Throws TypeError for what is no function. */
export function checkFunction(label: string, value: unknown): void {
  if (typeof value !== "function") {
    throw new TypeError(`"${label}" expected a function, got ${describeValue(value)}`);
  }
}

/** Throws TypeError for anything but true, false and undefined. */
export function checkBoolean(label: string, value: unknown): void {
  if (value === undefined || typeof value === "boolean") return;
  throw new TypeError(`"${label}" expected a boolean, got ${describeValue(value)}`);
}

/** Throws TypeError for host names without lists of addresses: a text would be taken for a list of its characters. */
export function checkNames(names: unknown): void {
  const kind = describeValue(names);
  if (kind !== "an object") throw new TypeError(`"names" expected an object, got ${kind}`);
  for (const [name, addresses] of Object.entries(names as object) as [string, unknown][]) {
    if (Array.isArray(addresses)) addresses.forEach((address) => checkIp(name, address));
    else throw new TypeError(`"names" expected arrays of IP addresses, ${gotFor(addresses, name)}`);
  }
}

function checkIp(name: string, address: unknown): void {
  if (typeof address === "string" && SocketAddress.tryParse(address, 0) !== undefined) return;
  throw new TypeError(`"names" expected arrays of IP addresses, ${gotFor(address, name)}`);
}

function gotFor(value: unknown, name: string): string {
  return `got ${describeValue(value)} for ${JSON.stringify(name)}`;
}

/** Throws TypeError for an option that is null: one that is left out has its default, null is a mistake. */
export function checkNoNulls(options: object): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === null) throw new TypeError(`"${name}" expected a value, got null`);
  }
}
