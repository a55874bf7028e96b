/** @internal What came, for messages, without the value itself, which may be a secret: "a string", "a promise". */
export function describeKind(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return "an array";
  if (typeof value !== "object") return `a ${typeof value}`;
  const tag = tagOf(value);
  // By the tag: not every environment has SharedArrayBuffer.
  if (ArrayBuffer.isView(value) || /^(Shared)?ArrayBuffer$/.test(tag)) return describeMemory(tag);
  return typeof (value as { readonly then?: unknown }).then === "function" ? "a promise" : "an object";
}

/** "an ArrayBuffer", "a DataView": what is mistaken for bytes. */
function describeMemory(tag: string): string {
  if (tag === "Uint8Array") return "a Uint8Array of another realm";
  return /^[AI]/.test(tag) ? `an ${tag}` : `a ${tag}`;
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}
