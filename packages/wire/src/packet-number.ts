const TRUNCATED_SPAN = 2 ** 32;
const HALF_SPAN = 2 ** 31;

/** The low 32 bits that travel in the header. */
export function truncatePacketNumber(packetNumber: number): number {
  return packetNumber % TRUNCATED_SPAN;
}

/**
 * The full packet number nearest to the one after `largest` whose low 32 bits are `truncated` (RFC 9000 A.3).
 * Near the top of the number space the result can lie above MAX_PACKET_NUMBER: the caller drops such a packet.
 * @param largest highest packet number that authenticated so far, -1 when none did
 * @param truncated unsigned 32-bit number of the header
 */
export function recoverPacketNumber(largest: number, truncated: number): number {
  const expected = largest + 1;
  // No different result, but a small integer: what is computed with 2^32 is kept as a double, here and by who keeps it.
  if (expected < HALF_SPAN && truncated < HALF_SPAN) return truncated;
  const base = expected - (expected % TRUNCATED_SPAN);
  const candidate = base + truncated;
  if (candidate <= expected - HALF_SPAN) return candidate + TRUNCATED_SPAN;
  if (candidate > expected + HALF_SPAN && candidate >= TRUNCATED_SPAN) return candidate - TRUNCATED_SPAN;
  return candidate;
}
