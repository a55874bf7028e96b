import { CHUNK_COST_BYTES, SEGMENT_COST_BYTES, SET_COST_BYTES } from "../../src/fragment-set.js";

/** bytes charged for a set whose first piece has `firstBytes`, and each of `chunkBytes` for the chunks it grew by. */
export function costOf(firstBytes: number, segments: number, ...chunkBytes: number[]): number {
  const grown = chunkBytes.reduce((sum, bytes) => sum + bytes + CHUNK_COST_BYTES, 0);
  return SET_COST_BYTES + firstBytes + segments * SEGMENT_COST_BYTES + grown;
}
