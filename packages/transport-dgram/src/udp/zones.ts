import { networkInterfaces } from "node:os";
import { SocketAddress } from "@sortie/transport";

const NUMBER = /^[0-9]+$/;

/** What the system calls its interfaces: `os.networkInterfaces()`. */
type Interfaces = ReturnType<typeof networkInterfaces>;

/**
 * The same address with its zone as the system writes it: a zone has a name and a number (RFC 4007 section 11.2), and
 * what comes from there names it. Windows writes numbers; so does whoever names one that no interface has.
 */
export function withNamedZone(
  address: SocketAddress,
  platform: string = process.platform,
  interfaces: () => Interfaces = networkInterfaces,
): SocketAddress {
  if (platform === "win32" || !NUMBER.test(address.scope)) return address;
  const index = Number(address.scope);
  for (const [name, addresses = []] of Object.entries(interfaces())) {
    const isIt = addresses.some((entry) => entry.family === "IPv6" && entry.scopeid === index);
    if (isIt) return SocketAddress.fromBytes(address.bytes, address.port, name);
  }
  return address;
}
