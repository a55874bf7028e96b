/** @internal What came, for messages: texts in quotes, so that "1474" is not taken for 1474. */
export function describeValue(value: unknown): string {
  if (typeof value === "string") return value.includes("-----BEGIN") ? "PEM text" : JSON.stringify(value);
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  return typeof value === "function" ? "a function" : String(value);
}
