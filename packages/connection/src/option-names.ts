import { containRejection } from "@sortie/handshake";
import { describeKind } from "./describe-value.js";

/** The names of the options in `Options`, to be written out: the compiler tells of one that is missing or too many. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

/**
 * Throws TypeError for an option that is none of `known`: a misspelt one would be passed over, and its default be taken
 * for what was asked for. Those that are undefined are passed over. Throws it for what is no object as well, and for an
 * array or a promise, which has no options in it: all defaults would be taken for what was asked for. No option is a
 * promise: those that are will be refused, or others before them, and none ends the process by rejecting after that.
 * @param label what the options are called in the message
 */
export function checkOptionNames(
  options: object,
  known: Readonly<Record<string, true>>,
  label: string = "options",
): void {
  const kind = describeKind(options);
  containRejection(options);
  if (kind !== "an object") {
    const got = typeof options === "object" ? kind : typeof options;
    throw new TypeError(`"${label}" expected an object, got ${got}`);
  }
  for (const value of Object.values(options)) containRejection(value);
  checkNames(options, known, label);
}

/** The same for an object that may have promises in it, which are its owner's. */
export function checkNames(options: object, known: Readonly<Record<string, true>>, label: string): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || Object.hasOwn(known, name)) continue;
    const names = Object.keys(known);
    const meant = names.find((other) => other.toLowerCase() === name.toLowerCase());
    const expected = meant === undefined ? `only ${names.join(", ")}` : `"${meant}"`;
    throw new TypeError(`"${label}" expected ${expected}, got "${name}"`);
  }
}
