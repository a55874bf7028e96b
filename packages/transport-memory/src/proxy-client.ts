import type { DatagramTransport, SocketAddress } from "@sortie/transport";
import type { LinkSimulator } from "./link.js";

/** One client of a proxy: its address, its own socket towards the target, and its links. */
export class ProxyClient {
  readonly address: SocketAddress;
  readonly upstream: DatagramTransport;
  readonly toTarget: LinkSimulator;
  readonly toClient: LinkSimulator;
  /** Monotonic ms of the last datagram from either side. */
  lastUsedMs: number;
  state: "opening" | "open" | "closed" = "opening";

  constructor(
    address: SocketAddress,
    upstream: DatagramTransport,
    links: { readonly toTarget: LinkSimulator; readonly toClient: LinkSimulator },
    nowMs: number,
  ) {
    this.address = address;
    this.upstream = upstream;
    this.toTarget = links.toTarget;
    this.toClient = links.toClient;
    this.lastUsedMs = nowMs;
  }
}

/** Clients by address, found without making a string: by port, and a short list behind it. */
export class ProxyClients {
  private readonly byPort: Map<number, ProxyClient[]> = new Map();
  private count = 0;

  get size(): number {
    return this.count;
  }

  find(address: SocketAddress): ProxyClient | undefined {
    const bucket = this.byPort.get(address.port);
    if (bucket === undefined) return undefined;
    for (const client of bucket) if (client.address.equals(address)) return client;
    return undefined;
  }

  add(client: ProxyClient): void {
    const bucket = this.byPort.get(client.address.port);
    if (bucket === undefined) this.byPort.set(client.address.port, [client]);
    else bucket.push(client);
    this.count += 1;
  }

  /** Without effect for one that is not in it. */
  remove(client: ProxyClient): void {
    const { port } = client.address;
    const bucket = this.byPort.get(port);
    const index = bucket?.indexOf(client) ?? -1;
    if (bucket === undefined || index < 0) return;
    bucket.splice(index, 1);
    if (bucket.length === 0) this.byPort.delete(port);
    this.count -= 1;
  }

  /** All of them, as a list of its own. */
  all(): ProxyClient[] {
    return [...this.byPort.values()].flat();
  }
}
