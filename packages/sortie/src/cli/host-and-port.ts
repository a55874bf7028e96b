import { SocketAddress } from "@sortie/transport";
import { createDgramTransport } from "@sortie/transport-dgram";

/** A host, name or address, and a port. */
export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** Reads "example.net:1474", "127.0.0.1:1474" or "[::1]:1474". RangeError for anything else. */
export function parseHostAndPort(label: string, text: string): HostAndPort {
  const match = /^(?:\[([^\]]+)\]|([^[\]:]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || !(port >= 1 && port <= 65_535)) {
    throw new RangeError(`"${label}" expected HOST:PORT, such as 127.0.0.1:1474 or [::1]:1474, got "${text}"`);
  }
  return { host, port };
}

/** Addresses of one name that are looked at: as many as a client tries. */
const MAX_ADDRESSES = 8;

/**
 * The addresses of a host, as the resolver sorts them: 1..8. Rejects with TransportError or RangeError for a name
 * without one.
 * @param family only those of this one
 */
export async function resolveTargets({ host, port }: HostAndPort, family?: 4 | 6): Promise<SocketAddress[]> {
  const literal = SocketAddress.tryParse(host, port);
  const all =
    literal !== undefined && literal.scope === ""
      ? [literal]
      : ((await createDgramTransport().resolve?.(host)) ?? []).map((text) => SocketAddress.parse(text, port));
  const fit = all.filter((address) => family === undefined || address.family === family).slice(0, MAX_ADDRESSES);
  if (fit.length > 0) return fit;
  const expected = family === undefined ? "an address" : `an IPv${family} address`;
  throw new RangeError(`"target" expected a host with ${expected}, got "${host}"`);
}
