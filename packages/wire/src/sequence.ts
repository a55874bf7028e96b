/** Sequence numbers of 16 bits: message IDs of a channel. */
export const SEQUENCE_MODULUS = 0x1_0000;

/**
 * Signed distance from `b` to `a` on the circle of 16-bit numbers (RFC 1982): positive when `a` is newer.
 * The answer is in -32768..32767; opposite points count as older.
 */
export function sequenceDistance(a: number, b: number): number {
  return ((a - b) << 16) >> 16;
}

/** Whether `a` comes after `b` (RFC 1982). */
export function sequenceNewer(a: number, b: number): boolean {
  return sequenceDistance(a, b) > 0;
}

/** `sequence + step` on the circle. */
export function sequenceAdd(sequence: number, step: number): number {
  return (sequence + step) & 0xffff;
}
