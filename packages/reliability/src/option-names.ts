import { checkNames, isBytes } from "@sortie/wire";

/**
 * For options of controllers and endpoints, which are made with every connection: nothing is allocated for them here.
 * @param label what the options are called in the message
 * @throws TypeError when they are no object (an array or a promise has none of them in it), or there is one that is
 * none of `known`: a misspelt one would be passed over, and its default be taken for what was asked for. Those that are
 * undefined are passed over
 */
export function checkOptionNames(
  options: object,
  known: Readonly<Record<string, true>>,
  label: string = "options",
): void {
  const got = describeGiven(options);
  if (got !== "an object") throw new TypeError(`"${label}" expected an object, got ${got}`);
  checkNames(options, known, label);
}

/**
 * What came, for the end of a message: of objects what they are, and never their contents. A promise is refused
 * wherever this is asked for: should it reject later, that would end the process, though the mistake was told already.
 */
export function describeGiven(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return "an array";
  if (isBytes(value)) return `${value.length} bytes`;
  if (typeof (value as { readonly then?: unknown }).then !== "function") return "an object";
  if (value instanceof Promise) value.catch(() => undefined);
  return "a promise";
}
