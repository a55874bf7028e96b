import { SocketAddress, TransportError } from "@sortie/transport";
import { type Host, type HostPath, HostTable } from "./host-table.js";
import { LinkSimulator } from "./link.js";
import type { MemoryTransport } from "./memory-transport.js";
import type { LinkSpec } from "./link-spec.js";

/** Hosts. As many as there are addresses in 10.0.0.0/16. */
const MAX_HOSTS = 65_536;
/** Paths from one host to another that carried traffic: 10,000 clients and their server need 20,000. */
const MAX_PATHS = 65_536;

/** First word of a link's random stream, so that paths and access links never share one. */
const PATH_STREAM = 1;
const ACCESS_STREAM = 2;

/** What stands for a host: its IP address, or anything that has one (a transport, a socket address). */
export type HostLike = string | { readonly host: string };

/** Who is where: hosts, the transports at their ports, and the links between hosts. */
export class Topology {
  private readonly seed: number;
  private readonly hosts: HostTable<MemoryTransport> = new HostTable();
  private defaultLink: LinkSpec;
  private pathCount = 0;
  private lastAutomaticHost = 0;

  /** RangeError for bad link options. */
  constructor(seed: number, defaultLink: LinkSpec) {
    this.seed = seed;
    checkLink(defaultLink, seed);
    this.defaultLink = defaultLink;
  }

  /** Makes sure that a host exists, and returns its IP address: the next of 10.0.0.0/8 when none is named. */
  addHost(name: string | undefined): string {
    const named = name === undefined ? undefined : SocketAddress.parse(name, 0);
    if (named !== undefined && !isUnspecified(named.bytes)) {
      if (this.obtain(named.bytes) === undefined) throw tooManyHosts();
      return name as string;
    }
    for (;;) {
      const n = ++this.lastAutomaticHost;
      const text = `10.${n >>> 16}.${(n >>> 8) & 255}.${n & 255}`;
      const { bytes } = SocketAddress.parse(text, 0);
      if (this.hosts.get(bytes) !== undefined) continue;
      if (this.obtain(bytes) === undefined) throw tooManyHosts();
      return text;
    }
  }

  /** Enters a transport; port 0 takes a free one. Throws TransportError. */
  bind(transport: MemoryTransport, host: string, port: number): SocketAddress {
    const wanted = SocketAddress.parse(host, port);
    const home = this.obtain(wanted.bytes);
    if (home === undefined) {
      throw new TransportError("resources", `the network has its ${MAX_HOSTS} hosts already`, { address: wanted });
    }
    const bound = port === 0 ? home.freePort() : port;
    if (bound === undefined) {
      throw new TransportError("address-not-available", `host ${host} has no free dynamic port`, { address: wanted });
    }
    if (home.ports.has(bound)) {
      const message = `port ${bound} of ${host} is in use: close the transport that has it, or choose another port`;
      throw new TransportError("address-in-use", message, { address: wanted });
    }
    home.ports.set(bound, transport);
    return port === 0 ? SocketAddress.fromBytes(wanted.bytes, bound, wanted.scope) : wanted;
  }

  unbind(address: SocketAddress): void {
    this.hosts.get(address.bytes)?.ports.delete(address.port);
  }

  /** The transport that holds an address now. */
  transportAt(address: SocketAddress): MemoryTransport | undefined {
    return this.hosts.get(address.bytes)?.ports.get(address.port);
  }

  isHost(address: SocketAddress): boolean {
    return this.hosts.get(address.bytes) !== undefined;
  }

  /** The link between the hosts of two addresses; undefined when one is unknown or there are too many paths. */
  pathBetween(from: SocketAddress, to: SocketAddress): LinkSimulator | undefined {
    const source = this.hosts.get(from.bytes);
    const target = this.hosts.get(to.bytes);
    return source === undefined || target === undefined ? undefined : this.obtainPath(source, target)?.link;
  }

  /** As `pathBetween`, for callers who name hosts. RangeError when one does not exist. */
  namedPath(from: HostLike, to: HostLike): LinkSimulator {
    return this.demandPath(from, to).link;
  }

  setPath(from: HostLike, to: HostLike, link: LinkSpec, nowMs: number): LinkSimulator {
    const path = this.demandPath(from, to);
    path.link.configure(link, nowMs);
    path.isDefault = false;
    return path.link;
  }

  setDefaultPath(link: LinkSpec, nowMs: number): void {
    checkLink(link, this.seed);
    this.defaultLink = link;
    for (const host of this.hosts.all) {
      for (const path of host.paths.values()) if (path.isDefault) path.link.configure(link, nowMs);
    }
  }

  /** A link for the traffic of one transport, which errors call `label`. */
  newAccessLink(link: LinkSpec, transportIndex: number, direction: number, label: string): LinkSimulator {
    return new LinkSimulator(link, this.seed, [ACCESS_STREAM, transportIndex, direction], label);
  }

  private obtain(bytes: Uint8Array): Host<MemoryTransport> | undefined {
    const known = this.hosts.get(bytes);
    if (known !== undefined || this.hosts.size >= MAX_HOSTS) return known;
    return this.hosts.add(bytes);
  }

  private obtainPath(from: Host<MemoryTransport>, to: Host<MemoryTransport>): HostPath | undefined {
    const known = from.paths.get(to);
    if (known !== undefined || this.pathCount >= MAX_PATHS) return known;
    const link = new LinkSimulator(this.defaultLink, this.seed, [PATH_STREAM, ...from.words, ...to.words]);
    const path: HostPath = { link, isDefault: true };
    from.paths.set(to, path);
    this.pathCount++;
    return path;
  }

  private demandPath(from: HostLike, to: HostLike): HostPath {
    const path = this.obtainPath(this.demandHost("from", from), this.demandHost("to", to));
    if (path === undefined) throw new RangeError(`"link" expected one of at most ${MAX_PATHS} paths`);
    return path;
  }

  private demandHost(label: string, like: HostLike): Host<MemoryTransport> {
    const text = typeof like === "string" ? like : like.host;
    const address = SocketAddress.tryParse(text, 0);
    const host = address === undefined ? undefined : this.hosts.get(address.bytes);
    if (host === undefined) throw new RangeError(`"${label}" expected a host of the network, got "${text}"`);
    return host;
  }
}

/** Throws now what would else come with the first datagram. */
function checkLink(link: LinkSpec, seed: number): void {
  new LinkSimulator(link, seed);
}

/** "0.0.0.0" or "::". */
function isUnspecified(bytes: Uint8Array): boolean {
  const mapped = bytes[10] === 0xff && bytes[11] === 0xff;
  return bytes.every((byte, i) => byte === 0 || (mapped && (i === 10 || i === 11)));
}

function tooManyHosts(): RangeError {
  return new RangeError(`"host" expected one of at most ${MAX_HOSTS} hosts of a network`);
}
