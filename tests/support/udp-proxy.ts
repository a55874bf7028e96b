import { type SocketAddress, SystemClock } from "@sortie/transport";
import { LinkProxy, type LinkSpec } from "@sortie/transport-memory";
import { createUdpTransport } from "./udp-transport.js";

/** ms. Clients that have gone keep their sockets no longer. */
const CLIENT_IDLE_MS = 15_000;

/** A proxy on loopback with the same link both ways, and its clock. */
export class UdpProxy {
  private readonly clock: SystemClock = new SystemClock();
  private readonly proxy: LinkProxy;

  constructor(target: SocketAddress, link: LinkSpec, seed: number) {
    this.proxy = new LinkProxy({
      target,
      front: createUdpTransport({ host: "127.0.0.1" }),
      createUpstream: () => createUdpTransport({ host: "127.0.0.1" }),
      clock: this.clock,
      seed,
      toTarget: link,
      toClient: link,
      clientIdleMs: CLIENT_IDLE_MS,
    });
  }

  /** Resolves with the address that clients use in the server's place. */
  listen(): Promise<SocketAddress> {
    return this.proxy.listen();
  }

  /** Clients that have a socket towards the server. */
  get clients(): number {
    return this.proxy.statistics.clients;
  }

  /** Timers of the proxy: 0 when it is closed. */
  get pendingTimers(): number {
    return this.clock.activeTimers;
  }

  close(): Promise<void> {
    return this.proxy.close();
  }
}
