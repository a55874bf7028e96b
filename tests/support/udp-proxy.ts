import { type SocketAddress, SystemClock } from "@sortie/transport";
import { createDgramTransport, type DgramTransport } from "@sortie/transport-dgram";
import { LinkSimulator, type LinkSpec } from "@sortie/transport-memory";

/** ms without a datagram after which a client's socket towards the server is closed. */
const IDLE_MS = 15_000;

interface Upstream {
  readonly transport: DgramTransport;
  lastUsedMs: number;
  readonly toServer: LinkSimulator;
  readonly toClient: LinkSimulator;
}

/**
 * A UDP relay between real sockets that treats each datagram as the link simulator says: the same faults as in virtual
 * time, on loopback. One socket towards the server for each client.
 */
export class UdpProxy {
  private readonly clock: SystemClock = new SystemClock();
  private readonly front: DgramTransport = createDgramTransport({ host: "127.0.0.1" });
  private readonly upstreams: Map<string, Promise<Upstream>> = new Map();
  private readonly target: SocketAddress;
  private readonly link: LinkSpec;
  private readonly seed: number;
  private isClosed = false;
  private sweepAtMs = 0;
  private opened = 0;

  constructor(target: SocketAddress, link: LinkSpec, seed: number) {
    this.target = target;
    this.link = link;
    this.seed = seed;
  }

  /** Resolves with the address that clients use in the server's place. */
  listen(): Promise<SocketAddress> {
    return this.front.open({
      onDatagram: (payload, from) => {
        const datagram = payload.slice();
        void this.upstreamFor(from).then((upstream) => {
          upstream.lastUsedMs = this.clock.now();
          this.pass(datagram, upstream.toServer, upstream.transport, this.target);
        });
      },
      onBatchEnd: () => {},
      onError: () => {},
      onWritable: () => {},
    });
  }

  /** Clients that have a socket towards the server. */
  get clients(): number {
    return this.upstreams.size;
  }

  /** Datagrams that the simulated links still hold, as timers. */
  get pendingTimers(): number {
    return this.clock.activeTimers;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.front.close();
    for (const upstream of this.upstreams.values()) await (await upstream).transport.close();
  }

  private upstreamFor(client: SocketAddress): Promise<Upstream> {
    this.sweep();
    const key = client.toString();
    const known = this.upstreams.get(key) ?? this.openUpstream(client);
    this.upstreams.set(key, known);
    return known;
  }

  private async openUpstream(client: SocketAddress): Promise<Upstream> {
    const index = this.opened++;
    const transport = createDgramTransport({ host: "127.0.0.1" });
    const upstream: Upstream = {
      transport,
      lastUsedMs: this.clock.now(),
      toServer: new LinkSimulator(this.link, this.seed, [index, 1]),
      toClient: new LinkSimulator(this.link, this.seed, [index, 2]),
    };
    await transport.open({
      onDatagram: (payload) => this.pass(payload.slice(), upstream.toClient, this.front, client),
      onBatchEnd: () => {},
      onError: () => {},
      onWritable: () => {},
    });
    return upstream;
  }

  /** Closes the sockets of clients that have gone. */
  private sweep(): void {
    const nowMs = this.clock.now();
    if (nowMs < this.sweepAtMs) return;
    this.sweepAtMs = nowMs + 1000;
    for (const [key, opening] of this.upstreams) {
      void opening.then((upstream) => {
        if (nowMs - upstream.lastUsedMs < IDLE_MS || !this.upstreams.delete(key)) return;
        void upstream.transport.close();
      });
    }
  }

  private pass(datagram: Uint8Array, link: LinkSimulator, through: DgramTransport, to: SocketAddress): void {
    const nowMs = this.clock.now();
    const copies = link.transmit(datagram.length, nowMs);
    for (let copy = 0; copy < copies; copy++) {
      const arrival = datagram.slice();
      if (link.isCorrupted(copy)) link.damage(arrival);
      this.clock.setTimer(link.arrivalMs(copy), () => {
        if (!this.isClosed) sendOne(through, arrival, to);
      });
    }
  }
}

function sendOne(transport: DgramTransport, datagram: Uint8Array, to: SocketAddress): void {
  const batch = transport.acquireBatch();
  // No batch free: the datagram is lost, as in any full queue.
  if (batch === undefined) return;
  batch.buffer.set(datagram, batch.reserve());
  batch.commit(datagram.length, to);
  transport.send(batch);
}
