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

/** The first address of a host. Rejects with TransportError or RangeError for a name without one. */
export async function resolveTarget({ host, port }: HostAndPort): Promise<SocketAddress> {
  const literal = SocketAddress.tryParse(host, port);
  if (literal !== undefined && literal.scope === "") return literal;
  const [first] = (await createDgramTransport().resolve?.(host)) ?? [];
  if (first === undefined) throw new RangeError(`"target" expected a host with an address, got "${host}"`);
  return SocketAddress.parse(first, port);
}
