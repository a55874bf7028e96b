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
