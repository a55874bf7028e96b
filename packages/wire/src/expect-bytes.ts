/** Throws RangeError unless `bytes` has exactly `length` bytes: a mistake of the caller, never of the network. */
export function expectBytes(label: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) throw new RangeError(`"${label}" expected ${length} bytes, got ${bytes.length}`);
}

/** Throws RangeError when `bytes` has more than `maxBytes`. */
export function expectAtMostBytes(label: string, bytes: Uint8Array, maxBytes: number): void {
  if (bytes.length > maxBytes) {
    throw new RangeError(`"${label}" expected at most ${maxBytes} bytes, got ${bytes.length}`);
  }
}
