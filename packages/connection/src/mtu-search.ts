import { MIN_DATAGRAM_BYTES } from "@sortie/wire";

/**
 * bytes of UDP payload that paths carry in practice, ascending: link MTUs of 1280 (the least of IPv6, many tunnels),
 * 1400 (mobile networks), 1420 (WireGuard), 1440 and 1460 (clouds) and 1480 (6in4, PPPoE near enough), less 48 or 28
 * bytes of IPv6 or IPv4 and UDP headers. What lies between two of them is found by halving.
 */
const LIKELY_BYTES: readonly number[] = [1232, 1252, 1352, 1372, 1392, 1412, 1432];

/** bytes. A gain of no more than this, a twentieth, is not worth the probes. */
const WORTHWHILE_BYTES = 64;

/**
 * Which size to try next, between the largest that is known to pass and the smallest that is known not to: first the
 * cap, as most paths carry it and the search is then over; then the middle one of the likely sizes in between; when
 * none is left, the middle itself.
 *
 * @param passes bytes that are known to pass
 * @param fails bytes that are known not to pass, or one more than may be tried
 * @param cap bytes, the largest to try
 * @returns bytes; 0 when the search is over
 */
export function nextProbeBytes(passes: number, fails: number, cap: number): number {
  if (passes >= cap) return 0;
  if (fails > cap) return cap;
  let first = 0;
  while (first < LIKELY_BYTES.length && (LIKELY_BYTES[first] as number) <= passes) first += 1;
  let end = first;
  while (end < LIKELY_BYTES.length && (LIKELY_BYTES[end] as number) < fails) end += 1;
  if (end > first) return LIKELY_BYTES[(first + end) >> 1] as number;
  return fails - passes > WORTHWHILE_BYTES ? (passes + fails) >> 1 : 0;
}

/** bytes. What every path carries (docs/PROTOCOL.md section 2; RFC 8899 calls it BASE_PLPMTU). */
export const BASE_MTU_BYTES: number = MIN_DATAGRAM_BYTES;
