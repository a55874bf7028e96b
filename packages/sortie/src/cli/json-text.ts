import { escapeHidden } from "../escape-hidden.js";

/**
 * What a command prints with --json, in one line. In it may stand words of the other side, and a terminal may show it:
 * nothing in it moves the cursor or hides. It means what `JSON.stringify` would say.
 */
export function jsonText(value: object): string {
  return escapeHidden(JSON.stringify(value));
}
