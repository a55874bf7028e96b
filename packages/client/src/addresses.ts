import { type Clock, type DatagramTransport, SocketAddress } from "@sortie/transport";
import { ConnectError } from "./connect-error.js";
import type { ClientOptions } from "./options.js";

/** Addresses of one name that are tried. */
const MAX_ADDRESSES = 8;

/**
 * The addresses of a host, best first. Rejects with ConnectError: "network" for a name that has none, "timeout" when
 * the name service does not answer in time.
 */
export async function resolveAddresses(options: ClientOptions, clock: Clock, timeoutMs: number): Promise<SocketAddress[]> {
  const { host, port, transport } = options;
  const literal = SocketAddress.tryParse(host, port);
  if (literal !== undefined) return [literal];
  if (transport.resolve === undefined) {
    throw new ConnectError("network", `"host" expected an IP address (this transport resolves no names), got "${host}"`);
  }
  const texts = await withDeadline(lookUp(transport, host), clock, timeoutMs, host);
  const addresses = texts.slice(0, MAX_ADDRESSES).map((text) => SocketAddress.parse(text, port));
  if (addresses.length === 0) throw new ConnectError("network", `the name "${host}" has no address`);
  return addresses;
}

async function lookUp(transport: DatagramTransport, host: string): Promise<string[]> {
  try {
    return (await transport.resolve?.(host)) ?? [];
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new ConnectError("network", `the name "${host}" could not be resolved: ${text}`, { cause });
  }
}

function withDeadline<T>(work: Promise<T>, clock: Clock, timeoutMs: number, host: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(clock.now() + timeoutMs, () => {
      reject(new ConnectError("timeout", `the name "${host}" was not resolved within ${timeoutMs} ms`));
    });
    work.then(resolve, reject).finally(() => clock.clearTimer(timer));
  });
}
