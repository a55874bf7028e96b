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

/** The same without the value itself, for what may be a secret: "a string", "a promise", "null". */
export function describeKind(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return "an array";
  if (typeof value !== "object") return `a ${typeof value}`;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return describeMemory(value);
  return typeof (value as { readonly then?: unknown }).then === "function" ? "a promise" : "an object";
}

/** "an ArrayBuffer", "a DataView": what is mistaken for bytes. */
function describeMemory(value: object): string {
  const name = Object.prototype.toString.call(value).slice(8, -1);
  if (name === "Uint8Array") return "a Uint8Array of another realm";
  return /^[AI]/.test(name) ? `an ${name}` : `a ${name}`;
}

function describeText(text: string): string {
  if (text.includes("-----BEGIN")) return "PEM text";
  if (text.length <= MAX_SHOWN_CHARACTERS) return JSON.stringify(text);
  return `${JSON.stringify(`${text.slice(0, MAX_SHOWN_CHARACTERS)}…`)} (${text.length} characters)`;
}
