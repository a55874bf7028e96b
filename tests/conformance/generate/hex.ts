/** Bytes of hexadecimal text; white space may part it. */
export function hex(text: string): Uint8Array {
  const digits = text.replaceAll(/\s/g, "");
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** `length` bytes that count up from `first`. */
export function counting(first: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (first + i) & 0xff);
}

/** Throws unless the implementation does what the vector will say. */
export function expectSame(what: string, actual: unknown, expected: unknown): void {
  const [got, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (got !== wanted) throw new Error(`vector "${what}" expected ${wanted}, got ${got}`);
}
