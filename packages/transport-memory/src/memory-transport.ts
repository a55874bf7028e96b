import {
  BatchPool,
  type Clock,
  type DatagramBatch,
  type DatagramReceiver,
  type DatagramTransport,
  type SocketAddress,
  TransportCounters,
  TransportError,
  type TransportStatistics,
} from "@sortie/transport";
import type { OptionNames } from "./check.js";
import type { LinkSimulator } from "./link.js";
import type { LinkSpec } from "./link-spec.js";

/** Options of one transport of a memory network. */
export interface MemoryTransportOptions {
  /**
   * IPv4 or IPv6 address. Default (also for "0.0.0.0" and "::"): the next free one of 10.0.0.1, 10.0.0.2 and so on.
   * Transports may share a host, as long as their ports differ.
   */
  readonly host?: string | undefined;
  /** 0..65535. Default 0: the host's next free dynamic port, from 49152 up. */
  readonly port?: number | undefined;
  /** What this transport sends goes through this link first: its uplink, shared by all it sends to. */
  readonly link?: LinkSpec | undefined;
  /** What this transport receives comes through this link last: its downlink, shared by all that send to it. */
  readonly receiveLink?: LinkSpec | undefined;
  /** Batches in its pool, 1..1024. Default 2: they are free again when `send` returns. */
  readonly batches?: number | undefined;
  /** Datagrams in a batch, 1..1024. Default 64. */
  readonly batchCapacity?: number | undefined;
  /** bytes, 1..65527: the largest datagram it can send. Default 1500. */
  readonly slotBytes?: number | undefined;
}

/** For `checkOptionNames`. */
export const TRANSPORT_OPTION_NAMES: OptionNames<MemoryTransportOptions> = {
  host: true,
  port: true,
  link: true,
  receiveLink: true,
  batches: true,
  batchCapacity: true,
  slotBytes: true,
};

/** What a transport needs of its network. */
export interface NetworkPort {
  /** Enters the transport under host and port (0: a free one) and returns the address. Throws TransportError. */
  bind(transport: MemoryTransport, host: string, port: number): SocketAddress;
  /** Takes an address back; what is on its way there will not arrive. */
  unbind(address: SocketAddress): void;
  /** Puts one datagram on its way. */
  carry(sender: MemoryTransport, from: SocketAddress, batch: DatagramBatch, index: number): void;
  /** Makes a link for the traffic of one transport, which errors call `label`. */
  accessLink(spec: LinkSpec, transportIndex: number, direction: number, label: string): LinkSimulator;
  /** The addresses of a host name; undefined for an unknown one. */
  lookUp(name: string): readonly string[] | undefined;
  readonly clock: Clock;
}

/** Batches. Few, so that a network of thousands of transports stays small: one is 96 KB at the default sizes. */
const DEFAULT_BATCHES = 2;

/** Directions of an access link. */
const SEND = 0;
const RECEIVE = 1;

/**
 * A {@link DatagramTransport} of a memory network; made by `MemoryNetwork.createTransport`. Datagrams leave when `send`
 * is called and arrive when the network's clock reaches their time; those that arrive at one instant form one batch.
 *
 * A sender's batch is free again when `send` returns. IPv4 and IPv6 hosts reach each other.
 */
export class MemoryTransport implements DatagramTransport {
  private readonly network: NetworkPort;
  /** Number of the transport in its network: names its access links' random streams. */
  private readonly index: number;
  private readonly wantedPort: number;
  private readonly pool: BatchPool;
  private readonly counters: TransportCounters = new TransportCounters();
  private currentHost: string;
  private address: SocketAddress | undefined = undefined;
  private receiver: DatagramReceiver | undefined = undefined;
  private state: "idle" | "opening" | "open" | "closed" = "idle";
  private inBatch = false;
  private uplink: LinkSimulator | undefined = undefined;
  private downlink: LinkSimulator | undefined = undefined;

  constructor(network: NetworkPort, index: number, host: string, options: MemoryTransportOptions) {
    this.network = network;
    this.index = index;
    this.currentHost = host;
    const { port = 0, batches = DEFAULT_BATCHES } = options;
    this.wantedPort = port;
    this.pool = new BatchPool({
      batches,
      ...(options.batchCapacity === undefined ? {} : { capacity: options.batchCapacity }),
      ...(options.slotBytes === undefined ? {} : { slotBytes: options.slotBytes }),
      onAvailable: () => this.afterRelease(),
    });
    const { link, receiveLink } = options;
    if (link !== undefined) this.uplink = network.accessLink(link, index, SEND, "link");
    if (receiveLink !== undefined) this.downlink = network.accessLink(receiveLink, index, RECEIVE, "receiveLink");
  }

  /** IP address of the transport, known before it is open; changes only with `rebind`. */
  get host(): string {
    return this.currentHost;
  }

  get localAddress(): SocketAddress | undefined {
    return this.address;
  }

  get statistics(): TransportStatistics {
    return this.counters;
  }

  /** Batches that `acquireBatch` could give now. */
  get freeBatches(): number {
    return this.pool.free;
  }

  /** Batches in the pool; equal to `freeBatches` when none leaked. */
  get totalBatches(): number {
    return this.pool.size;
  }

  /** The uplink, once one is set. */
  get sendLink(): LinkSimulator | undefined {
    return this.uplink;
  }

  /** The downlink, once one is set. */
  get receiveLink(): LinkSimulator | undefined {
    return this.downlink;
  }

  /** Sets or replaces the link that all this transport sends goes through first. RangeError for bad options. */
  setSendLink(link: LinkSpec): LinkSimulator {
    if (this.uplink === undefined) this.uplink = this.network.accessLink(link, this.index, SEND, "link");
    else this.uplink.configure(link, this.network.clock.now());
    return this.uplink;
  }

  /** Sets or replaces the link that all this transport receives comes through last. RangeError for bad options. */
  setReceiveLink(link: LinkSpec): LinkSimulator {
    if (this.downlink === undefined) this.downlink = this.network.accessLink(link, this.index, RECEIVE, "link");
    else this.downlink.configure(link, this.network.clock.now());
    return this.downlink;
  }

  async open(receiver: DatagramReceiver): Promise<SocketAddress> {
    if (this.state === "closed") throw closedError();
    if (this.state !== "idle") throw new TransportError("already-open", "the transport is open: open it once");
    this.state = "opening";
    // As with a real socket the address is not there before the promise resolves.
    await undefined;
    if (this.isClosed()) throw closedError();
    try {
      this.address = this.network.bind(this, this.currentHost, this.wantedPort);
    } catch (error) {
      this.state = "idle";
      throw error;
    }
    this.receiver = receiver;
    this.state = "open";
    return this.address;
  }

  acquireBatch(): DatagramBatch | undefined {
    return this.pool.acquire();
  }

  send(batch: DatagramBatch): void {
    try {
      this.carryAll(batch);
    } finally {
      batch.release();
    }
  }

  /** Names come from the network's `names`; a literal address gives itself, in canonical form. */
  async resolve(host: string): Promise<string[]> {
    const addresses = this.network.lookUp(host);
    if (addresses === undefined) throw new TransportError("name-not-found", `the network has no host named "${host}"`);
    return [...addresses];
  }

  /**
   * Takes a new port, as after a NAT rebinding, or a new host as well, as after a move from Wi-Fi to mobile. The old
   * address is gone at once: what is on its way there is lost. Rejects with TransportError "closed" unless open.
   */
  async rebind(host: string = this.currentHost): Promise<SocketAddress> {
    await undefined;
    const old = this.address;
    if (this.state !== "open" || old === undefined) throw closedError();
    const address = this.network.bind(this, host, 0);
    this.network.unbind(old);
    this.address = address;
    this.currentHost = host;
    return address;
  }

  close(): Promise<void> {
    if (this.address !== undefined) this.network.unbind(this.address);
    this.state = "closed";
    this.address = undefined;
    this.receiver = undefined;
    return Promise.resolve();
  }

  /** Reports a fault of the whole socket to the receiver, as an operating system might: for tests. */
  raiseError(error: TransportError): void {
    this.network.clock.defer(() => this.receiver?.onError(error));
  }

  /** For the network: a datagram follows. True for the first one of a batch. */
  beginBatch(): boolean {
    if (this.inBatch) return false;
    this.inBatch = true;
    return true;
  }

  /** For the network: hands over one datagram. */
  deliver(payload: Uint8Array, from: SocketAddress): void {
    this.counters.datagramsReceived++;
    this.counters.bytesReceived += payload.length;
    this.receiver?.onDatagram(payload, from);
  }

  /** For the network: the last datagram of this instant was handed over. */
  endBatch(): void {
    this.inBatch = false;
    this.receiver?.onBatchEnd();
  }

  private carryAll(batch: DatagramBatch): void {
    const { address, counters } = this;
    for (let i = 0; i < batch.count; i++) {
      const to = batch.addresses[i];
      if (address === undefined || to === undefined || to.port === 0) {
        counters.sendErrors++;
        continue;
      }
      counters.datagramsSent++;
      counters.bytesSent += batch.lengths[i] as number;
      this.network.carry(this, address, batch, i);
    }
  }

  /** The receiver may not be called from inside `send` or `release`. */
  private afterRelease(): void {
    this.network.clock.defer(() => this.receiver?.onWritable());
  }

  /** Apart, because the compiler does not see that an `await` may change the state. */
  private isClosed(): boolean {
    return this.state === "closed";
  }
}

function closedError(): TransportError {
  return new TransportError("closed", "the transport is closed or was never opened: make a new one");
}
