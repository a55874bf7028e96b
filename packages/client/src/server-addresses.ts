import type { SocketAddress } from "@sortie/transport";

/**
 * The address of the same server to be tried after `current` has gone silent: those of the other family first, as a
 * network that lost one often has the other; in turn.
 * @param attempt 0 for the first try, and so on
 * @returns undefined when there is no other
 */
export function otherAddress(
  addresses: readonly SocketAddress[],
  current: SocketAddress,
  attempt: number,
): SocketAddress | undefined {
  const others = addresses.filter((address) => !address.equals(current));
  others.sort((a, b) => Number(a.family === current.family) - Number(b.family === current.family));
  return others[attempt % others.length];
}
