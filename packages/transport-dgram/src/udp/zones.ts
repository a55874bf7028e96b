import { networkInterfaces } from "node:os";
import { isZone, SocketAddress, TransportError } from "@sortie/transport";

const NUMBER = /^[0-9]+$/;

/** What the system calls its interfaces: `os.networkInterfaces()`. */
export type Interfaces = ReturnType<typeof networkInterfaces>;

/**
 * The same address with its zone as the system writes it: a zone has a name and a number (RFC 4007 section 11.2), and
 * what comes from there names it. Windows writes numbers; so does whoever names one that no interface has. A name that
 * cannot stand in an address leaves the number.
 */
export function withNamedZone(
  address: SocketAddress,
  platform: string = process.platform,
  interfaces: () => Interfaces = networkInterfaces,
): SocketAddress {
  if (platform === "win32" || !NUMBER.test(address.scope)) return address;
  const index = Number(address.scope);
  const name = interfaceName(interfaces(), index);
  if (name === undefined || !isZoneName(name)) return address;
  return SocketAddress.fromBytes(address.bytes, address.port, name);
}

/**
 * The same as `withNamedZone`. Throws TransportError "name-not-found" for a zone of no interface that is up: a system
 * sends by another one then, or not at all. Windows, which writes numbers, is asked for none.
 */
export function inKnownZone(
  address: SocketAddress,
  platform: string = process.platform,
  interfaces: () => Interfaces = networkInterfaces,
): SocketAddress {
  const named = withNamedZone(address, platform, interfaces);
  if (platform === "win32" || named.scope === "") return named;
  const known = interfaces();
  const name = NUMBER.test(named.scope) ? interfaceName(known, Number(named.scope)) : named.scope;
  if (name !== undefined && Object.hasOwn(known, name)) return named;
  const names = Object.keys(known).join(", ");
  const what = `no network interface that is up is called ${JSON.stringify(named.scope)}: this machine has ${names}`;
  throw new TransportError("name-not-found", what);
}

/** Whether an interface's name can stand for its zone: neither unfit for an address, nor another zone's number. */
export function isZoneName(name: string): boolean {
  return isZone(name) && !NUMBER.test(name);
}

/** The name of the interface with this number; undefined where none that is up has it. */
export function interfaceName(interfaces: Interfaces, index: number): string | undefined {
  for (const [name, addresses = []] of Object.entries(interfaces)) {
    if (addresses.some((entry) => entry.family === "IPv6" && entry.scopeid === index)) return name;
  }
  return undefined;
}
