/** What came, for messages: `typeof`, but "null" for null, and "bytes" for a file that was read as such. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  return value instanceof Uint8Array ? "bytes" : typeof value;
}

/**
 * Throws TypeError for options that are no object, for one that is none of `known` (a misspelt one would be passed
 * over, and its default be taken for what was asked for), and for a `now` that is no function.
 */
export function checkOptions(options: object, known: Readonly<Record<string, true>>): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`"options" expected an object, got ${kindOf(options)}`);
  }
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || Object.hasOwn(known, name)) continue;
    throw new TypeError(`"options" expected only ${Object.keys(known).join(", ")}, got "${name}"`);
  }
  const { now } = options as { readonly now?: unknown };
  if (now !== undefined && typeof now !== "function") {
    throw new TypeError(`"now" expected a function, got ${kindOf(now)}`);
  }
}
