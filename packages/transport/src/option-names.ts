import { containRejection } from "./contain-rejection.js";
import { describeValue } from "./describe-value.js";

/**
 * @internal For transports and simulated networks: throws TypeError for options that are no object (a promise that
 * nobody awaited has none of them), and for one that is none of `known`. A misspelt one would be passed over, and its
 * default be taken for what was asked for. Those that are undefined are passed over. No option is a promise: those that
 * are will be refused, or others before them, and none ends the process by rejecting after that.
 * @param label what the options are called in the message
 */
export function checkOptionNames(
  options: object,
  known: Readonly<Record<string, true>>,
  label: string = "options",
): void {
  const kind = describeValue(options);
  containRejection(options);
  if (kind !== "an object") throw new TypeError(`"${label}" expected an object, got ${kind}`);
  for (const value of Object.values(options)) containRejection(value);
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || Object.hasOwn(known, name)) continue;
    const names = Object.keys(known);
    const meant = names.find((other) => other.toLowerCase() === name.toLowerCase());
    const expected = meant === undefined ? `only ${names.join(", ")}` : `"${meant}"`;
    throw new TypeError(`"${label}" expected ${expected}, got "${name}"`);
  }
}
