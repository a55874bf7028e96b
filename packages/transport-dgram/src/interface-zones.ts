import { networkInterfaces } from "node:os";
import { SocketAddress } from "@sortie/transport";
import { interfaceName, type Interfaces, isZoneName } from "./udp/zones.js";

const NUMBER = /^[0-9]+$/;
/** Names kept; a machine has a handful of interfaces. */
const MAX_NAMES = 64;

/**
 * Between the zones of addresses and those of Node, which knows interfaces by name alone (by number on Windows). A name
 * that cannot stand in an address, such as "vpn+1", goes by the interface's number there.
 */
export class InterfaceZones {
  readonly #platform: string;
  readonly #interfaces: () => Interfaces;
  /** Numbers by what Node writes: asking the system for each new source would be a flood's lever. */
  readonly #numbers: Map<string, string> = new Map();
  /** What Node takes, for targets with a number. */
  readonly #hosts: WeakMap<SocketAddress, string> = new WeakMap();

  constructor(platform: string = process.platform, interfaces: () => Interfaces = networkInterfaces) {
    this.#platform = platform;
    this.#interfaces = interfaces;
  }

  /** The address of a host text of Node's and a port; undefined where it is none. */
  parse(host: string, port: number): SocketAddress | undefined {
    const percent = host.indexOf("%");
    if (percent < 0 || this.#platform === "win32") return SocketAddress.tryParse(host, port);
    const name = host.slice(percent + 1);
    if (isZoneName(name)) return SocketAddress.tryParse(host, port);
    const number = this.#numberOf(name);
    return SocketAddress.tryParse(number === undefined ? host : `${host.slice(0, percent + 1)}${number}`, port);
  }

  /** The text of an address for an IPv6 socket of Node's. Made once for each address. */
  ipv6HostOf(address: SocketAddress): string {
    if (address.scope === "" || this.#platform === "win32" || !NUMBER.test(address.scope)) return address.ipv6Host;
    const known = this.#hosts.get(address);
    if (known !== undefined) return known;
    const name = interfaceName(this.#interfaces(), Number(address.scope));
    if (name === undefined) return address.ipv6Host; // it may come up yet
    const host = `${address.host}%${name}`;
    this.#hosts.set(address, host);
    return host;
  }

  #numberOf(name: string): string | undefined {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const interfaces = this.#interfaces();
    // Node reads the names of interfaces as UTF-8, and the zones of sources byte by byte.
    const addresses = interfaces[name] ?? interfaces[Buffer.from(name, "latin1").toString()];
    const index = addresses?.find((entry) => entry.family === "IPv6" && entry.scopeid > 0)?.scopeid;
    if (index === undefined) return undefined;
    if (this.#numbers.size >= MAX_NAMES) this.#numbers.clear();
    this.#numbers.set(name, String(index));
    return String(index);
  }
}
