import { type Client, connect } from "@sortie/client";
import { identityOf } from "@sortie/handshake";
import { Server, type ServerOptions } from "@sortie/server";
import { createSeededCrypto } from "@sortie/testkit";
import type {
  DatagramBatch,
  DatagramReceiver,
  DatagramTransport,
  SocketAddress,
  TransportError,
  TransportStatistics,
} from "@sortie/transport";
import { createNetwork, type LinkSpec, type MemoryNetwork, Prng, type VirtualClock } from "@sortie/transport-memory";
import { ForwardLink } from "../../src/forward-link.js";
import { ForwardingCounters } from "../../src/forwarding-statistics.js";
import { SharedPortTransport } from "../../src/shared-port-transport.js";

/** One socket of several: hands every datagram to one of them, whichever `choose` says. */
class Spray implements DatagramReceiver {
  readonly sockets: SpraySocket[] = [];
  readonly transport: DatagramTransport;
  readonly #choose: () => number;
  #opening: Promise<SocketAddress> | undefined;

  constructor(transport: DatagramTransport, choose: () => number) {
    this.transport = transport;
    this.#choose = choose;
  }

  open(): Promise<SocketAddress> {
    return (this.#opening ??= this.transport.open(this));
  }

  onDatagram(payload: Uint8Array, from: SocketAddress): void {
    this.sockets[this.#choose()]?.receiver?.onDatagram(payload, from);
  }

  onBatchEnd(): void {
    for (const { receiver } of this.sockets) receiver?.onBatchEnd();
  }

  onError(error: TransportError): void {
    throw error;
  }

  onWritable(): void {
    for (const { receiver } of this.sockets) receiver?.onWritable();
  }
}

class SpraySocket implements DatagramTransport {
  receiver: DatagramReceiver | undefined;
  readonly #spray: Spray;

  constructor(spray: Spray) {
    this.#spray = spray;
    spray.sockets.push(this);
  }

  get localAddress(): SocketAddress | undefined {
    return this.#spray.transport.localAddress;
  }

  get statistics(): TransportStatistics {
    return this.#spray.transport.statistics;
  }

  open(receiver: DatagramReceiver): Promise<SocketAddress> {
    this.receiver = receiver;
    return this.#spray.open();
  }

  acquireBatch(): DatagramBatch | undefined {
    return this.#spray.transport.acquireBatch();
  }

  send(batch: DatagramBatch): void {
    this.#spray.transport.send(batch);
  }

  async close(): Promise<void> {
    this.receiver = undefined;
  }
}

/** One worker of {@link SprayedWorkers}. */
export interface SprayedWorker {
  readonly server: Server;
  readonly shared: SharedPortTransport;
  readonly counters: ForwardingCounters;
}

/** Workers in one process, in virtual time, where any of them gets any datagram: the worst that there can be. */
export class SprayedWorkers {
  readonly network: MemoryNetwork;
  readonly clock: VirtualClock;
  readonly workers: SprayedWorker[];
  readonly clients: Client[] = [];
  /** Workers that datagrams go to; all of them at first. */
  targets: number[];
  ports: number[] = [];
  /** Workers that the others take for accepting newcomers; all of them at first. */
  accepting: number[];
  readonly #crypto = createSeededCrypto(7);
  readonly #identity = identityOf(this.#crypto.generateKeyPair());

  constructor(seed: number, count: number, link: LinkSpec, options: Partial<ServerOptions> = {}) {
    this.network = createNetwork({ seed, link });
    this.clock = this.network.clock;
    this.targets = Array.from({ length: count }, (_, worker) => worker);
    this.accepting = this.targets;
    const random = new Prng(seed);
    const transport = this.network.createTransport({ host: "10.0.0.1", port: 1474, batches: 8 });
    const spray = new Spray(transport, () => this.targets[random.below(this.targets.length)] as number);
    const cookieKey = this.#crypto.randomBytes(32);
    this.workers = this.targets.map((worker) => {
      const counters = new ForwardingCounters();
      const socket = this.network.createTransport({ host: "127.0.0.1" });
      const forwardLink = new ForwardLink({ transport: socket, worker, workers: count, counters });
      const shared = new SharedPortTransport({
        transport: new SpraySocket(spray),
        link: forwardLink,
        worker,
        workers: count,
        counters,
        isAccepting: () => this.workers[worker]?.server.isAccepting === true,
        start: async ({ linkPort }) => {
          this.ports[worker] = linkPort;
          while (this.ports.filter((port) => port > 0).length < count) await Promise.resolve();
          return { ports: this.ports, accepting: this.accepting };
        },
      });
      const server = new Server({
        protocol: "spray/1",
        identity: this.#identity,
        crypto: this.#crypto,
        transport: shared,
        clock: this.clock,
        share: { worker, workers: count, cookieKey, clockOffsetMs: 0 },
        ...options,
      });
      server.on("message", (peer, { payload, delivery }) => void peer.send(payload, { delivery }));
      return { server, shared, counters };
    });
  }

  async listen(): Promise<void> {
    await this.clock.runUntilSettled(Promise.all(this.workers.map(({ server }) => server.listen())));
  }

  async connect(): Promise<Client> {
    const connecting = connect({
      host: "10.0.0.1",
      port: 1474,
      protocol: "spray/1",
      serverKey: this.#identity.publicKey,
      crypto: this.#crypto,
      transport: this.network.createTransport(),
      clock: this.clock,
    });
    const client = await this.clock.runUntilSettled(connecting, 60_000);
    this.clients.push(client);
    return client;
  }

  /** A counter of all workers together. */
  sum(of: (worker: SprayedWorker) => number): number {
    return this.workers.reduce((total, worker) => total + of(worker), 0);
  }

  async end(): Promise<void> {
    const clients = this.clients.map((client) => client.close());
    await this.clock.runUntilSettled(
      Promise.all([...clients, ...this.workers.map(({ server }) => server.close())]),
      60_000,
    );
  }
}
