import { describeKind } from "@sortie/handshake";

export { describeKind };

/** Characters of a text that a message shows: enough to know it again. */
const MAX_SHOWN_CHARACTERS = 64;

/**
 * What came, for the end of a message `"name" expected X, got Y`: numbers and the like as they are, texts in quotes (so
 * that "1474" is not taken for 1474), of objects what they are. Long texts are cut, and PEM is never shown: it may be a
 * private key. Where even a short text may be a secret, use `describeKind`.
 */
export function describeValue(value: unknown): string {
  if (typeof value === "string") return describeText(value);
  if (typeof value === "bigint") return `${value}n`;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : describeKind(value);
}

function describeText(text: string): string {
  if (text.includes("-----BEGIN")) return "PEM text";
  if (text.length <= MAX_SHOWN_CHARACTERS) return JSON.stringify(text);
  return `${JSON.stringify(`${text.slice(0, MAX_SHOWN_CHARACTERS)}…`)} (${text.length} characters)`;
}
