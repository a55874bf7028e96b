import { describeKind } from "./describe-value.js";

/** The names of the options in `Options`, to be written out: the compiler tells of one that is missing or too many. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

/**
 * Throws TypeError for an option that is none of `known`: a misspelt one would be passed over, and its default be taken
 * for what was asked for. Those that are undefined are passed over. Throws it for what is no object as well, and for an
 * array or a promise, which has no options in it: all defaults would be taken for what was asked for.
 * @param label what the options are called in the message
 */
export function checkOptionNames(
  options: object,
  known: Readonly<Record<string, true>>,
  label: string = "options",
): void {
  const kind = describeKind(options);
  if (kind !== "an object") {
    const got = typeof options === "object" ? kind : typeof options;
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
