/** bytes of the words that a key is kept in. */
const WORD_BYTES = 4;

/** A key in little-endian words, in an array of a third of the size of a typed one with its buffer. */
export function keyWords(key: Uint8Array): readonly number[] {
  const view = new DataView(key.buffer, key.byteOffset, key.length);
  return Array.from({ length: key.length / WORD_BYTES }, (_, i) => view.getInt32(i * WORD_BYTES, true));
}

/** Writes what `keyWords` gave, as bytes again, to `at`. */
export function writeKey(words: readonly number[], view: DataView, at: number): void {
  for (let i = 0; i < words.length; i++) view.setInt32(at + i * WORD_BYTES, words[i] as number, true);
}
