/** @internal What came, for messages: texts in quotes, so that "1474" is not taken for 1474. */
export function describeValue(value: unknown): string {
  if (typeof value === "string") return value.includes("-----BEGIN") ? "PEM text" : JSON.stringify(value);
  if (typeof value === "object" && value !== null) return describeObject(value);
  return typeof value === "function" ? "a function" : String(value);
}

/** A promise by its name: one that nobody awaited is the likeliest object to come by mistake. */
function describeObject(value: object): string {
  if (Array.isArray(value)) return "an array";
  return typeof (value as { readonly then?: unknown }).then === "function" ? "a promise" : "an object";
}
