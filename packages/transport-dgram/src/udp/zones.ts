import { networkInterfaces } from "node:os";
import { isZone, SocketAddress } from "@sortie/transport";

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
