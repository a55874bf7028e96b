/** The Encoding Standard's classes, there in every runtime; declared here, for want of a host's types. */
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new (
  label: string,
  options: { fatal: boolean; ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

/** One line of text: undefined unless it is well-formed UTF-8 of at least one character without control characters. */
export function decodeLine(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return undefined;
  for (const byte of bytes) {
    if (byte < 0x20 || byte === 0x7f) return undefined;
  }
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return undefined;
  }
}
