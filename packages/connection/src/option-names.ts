import { containRejection } from "@sortie/handshake";
import { checkNames } from "@sortie/wire";
import { describeKind } from "./describe-value.js";

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
