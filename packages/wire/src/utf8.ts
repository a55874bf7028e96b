/** Classes of the Encoding Standard, in every runtime; declared here so that the cores need no types of a host. */
declare const TextEncoder: new () => {
  encode(text: string): Uint8Array;
  encodeInto(text: string, into: Uint8Array): { read: number; written: number };
};
declare const TextDecoder: new (
  label: string,
  options: { fatal: boolean; ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };

const encoder = /* @__PURE__ */ new TextEncoder();
const strictDecoder = /* @__PURE__ */ new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Whether `bytes[start, end)` is well-formed UTF-8. */
export function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  try {
    strictDecoder.decode(bytes.subarray(start, end));
    return true;
  } catch {
    return false;
  }
}

/** Text of bytes that `isUtf8` accepted. */
export function decodeUtf8(bytes: Uint8Array): string {
  return strictDecoder.decode(bytes);
}

export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** UTF-8 of `text`, cut at a character's edge to at most `maxBytes`. */
export function encodeUtf8Limited(text: string, maxBytes: number): Uint8Array {
  const bytes = new Uint8Array(maxBytes);
  const { written } = encoder.encodeInto(text, bytes);
  return bytes.subarray(0, written);
}
