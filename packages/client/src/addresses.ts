import { type Clock, type DatagramTransport, describeValue, isTransportError, SocketAddress } from "@sortie/transport";
import type { AttemptDeadline } from "./attempt-deadline.js";
import { ConnectError } from "./connect-error.js";
import { type ClientOptions, DEFAULT_TIMEOUT_MS } from "./options.js";
import { withinLimits } from "./within-limits.js";

/** Addresses of one name that are tried. */
const MAX_ADDRESSES = 8;

/**
 * The addresses of a host, best first. Rejects with ConnectError: "network" for a name that has none, or for which the
 * transport gives something else than IP addresses, "timeout" when the name service does not answer in time, "aborted"
 * when the signal comes first.
 * @param deadline of the attempt, in ms of the clock
 */
export async function resolveAddresses(
  options: ClientOptions,
  clock: Clock,
  deadline: AttemptDeadline,
): Promise<SocketAddress[]> {
  const { host, port, transport, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const literal = literalOf(host, port);
  // Where a server listens that is meant for all: on this machine it is at the loopback addresses.
  if (literal?.host === "::") return ["::1", "127.0.0.1"].map((loopback) => SocketAddress.parse(loopback, port));
  if (literal?.host === "0.0.0.0") return [SocketAddress.parse("127.0.0.1", port)];
  // A zone may be spelt in two ways: the transport knows the one that it gives what comes from there.
  if (literal !== undefined && (literal.scope === "" || transport.resolve === undefined)) return [literal];
  if (transport.resolve === undefined) {
    const expected = "expected an IP address (this transport resolves no names)";
    throw new ConnectError("network", `"host" ${expected}, got "${host}"`);
  }
  const late = `the name "${host}" was not resolved within ${timeoutMs} ms`;
  const texts = await withinLimits(lookUp(transport, host), options, clock, deadline, late);
  const addresses = checkedTexts(texts).map((text) => parseResolved(text, port));
  if (addresses.length === 0) throw new ConnectError("network", `the name "${host}" has no address`);
  return addresses;
}

/** The address that the text is, if it is one. What comes from others than link-local ones names no zone. */
function literalOf(host: string, port: number): SocketAddress | undefined {
  const address = SocketAddress.tryParse(host, port);
  if (address === undefined || address.scope === "" || isLinkLocal(address.bytes)) return address;
  return SocketAddress.fromBytes(address.bytes, port);
}

/** fe80::/10 (RFC 4291 section 2.5.6). */
function isLinkLocal(bytes: Uint8Array): boolean {
  return bytes[0] === 0xfe && ((bytes[1] as number) & 0xc0) === 0x80;
}

/** Those that are tried of what a transport of the caller's own gave. */
function checkedTexts(given: unknown): readonly unknown[] {
  if (!Array.isArray(given)) throw resolveError(`an array of IP addresses, got ${describeValue(given)}`);
  return given.slice(0, MAX_ADDRESSES);
}

function parseResolved(given: unknown, port: number): SocketAddress {
  const address = SocketAddress.tryParse(given as string, port);
  if (address === undefined) throw resolveError(`IP addresses, got ${describeValue(given)} among them`);
  return address;
}

function resolveError(expected: string): ConnectError {
  const cause = new TypeError(`"transport" expected resolve() to give ${expected}`);
  return new ConnectError("network", cause.message, { cause });
}

async function lookUp(transport: DatagramTransport, host: string): Promise<unknown> {
  try {
    return await transport.resolve?.(host);
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    const what = `the name "${host}" could not be resolved`;
    // Transports over UDP say the same themselves.
    const isSaid = isTransportError(cause) && text.startsWith(what);
    throw new ConnectError("network", isSaid ? text : `${what}: ${text}`, { cause });
  }
}
