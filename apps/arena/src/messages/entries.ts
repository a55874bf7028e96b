/** Entries that one message of a list carries at most: its count is one byte. */
export const MAX_ENTRIES = 255;

/** How many of `total` entries the message that begins with entry `from` carries. Throws RangeError when none. */
export function entryCount(total: number, from: number): number {
  const count = Math.min(total - from, MAX_ENTRIES);
  if (!(count > 0)) throw new RangeError(`"from" expected an index below ${total}, got ${from}`);
  return count;
}
