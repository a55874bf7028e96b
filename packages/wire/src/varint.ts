/** Bytes that the shortest form of `value` takes (RFC 9000 section 16). `value`: integer in 0..2^53-1. */
export function varintBytes(value: number): 1 | 2 | 4 | 8 {
  if (value < 0x40) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x4000_0000) return 4;
  return 8;
}
