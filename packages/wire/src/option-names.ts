/** The names of the options in `Options`, to be written out: the compiler tells of one that is missing or too many. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

/**
 * @internal Throws TypeError for an option that is none of `known`: a misspelt one would be passed over, and its
 * default be taken for what was asked for. Those that are undefined are passed over. Nothing is allocated where all
 * are known.
 * @param label what the options are called in the message
 */
export function checkNames(options: object, known: Readonly<Record<string, true>>, label: string): void {
  for (const name in options) {
    if (Object.hasOwn(known, name) || (options as Record<string, unknown>)[name] === undefined) continue;
    const names = Object.keys(known);
    const meant = names.find((other) => other.toLowerCase() === name.toLowerCase());
    const expected = meant === undefined ? `only ${names.join(", ")}` : `"${meant}"`;
    throw new TypeError(`"${label}" expected ${expected}, got ${JSON.stringify(name)}`);
  }
}
