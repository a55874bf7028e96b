import {
  type Clock,
  containRejection,
  type DatagramBatch,
  type DatagramReceiver,
  type DatagramTransport,
  type SocketAddress,
  type TimerHandle,
} from "@sortie/transport";
import { LinkSimulator } from "./link.js";
import {
  type CheckedLinkProxyOptions,
  checkLinkProxyOptions,
  checkTransport,
  type LinkProxyOptions,
} from "./link-proxy-options.js";
import { ProxyClient, ProxyClients } from "./proxy-client.js";
import { type HeldDatagram, MAX_RELAYED_BYTES, RelayQueue } from "./relay-queue.js";

/** Counters of one direction: offered + duplicated = relayed + lost + queueFull + tooBig + refused + under way. */
export interface RelayStatistics {
  readonly offered: number;
  readonly offeredBytes: number;
  /** Copies handed to the socket. */
  readonly relayed: number;
  readonly relayedBytes: number;
  /** By the link's loss model, its queue, its MTU. */
  readonly lost: number;
  readonly queueFull: number;
  readonly tooBig: number;
  readonly duplicated: number;
  readonly corrupted: number;
  /** By the proxy's own limits: too many clients or datagrams under way, a closed socket. */
  readonly refused: number;
}

/** A snapshot of a proxy. */
export interface LinkProxyStatistics {
  readonly toTarget: RelayStatistics;
  readonly toClient: RelayStatistics;
  readonly clients: number;
  readonly clientsSeen: number;
  /** Datagrams under way. */
  readonly inFlight: number;
  /** Faults of sockets. */
  readonly errors: number;
}

type Counters = { -readonly [Name in keyof RelayStatistics]: number };

/** ms between two looks for clients that went. */
const SWEEP_EVERY_MS = 1000;
/** ms. A datagram whose socket still opens looks again after this. */
const OPENING_RETRY_MS = 1;
/** Directions in the random streams. */
const TO_TARGET = 1;
const TO_CLIENT = 2;

/**
 * Relays datagrams between clients and a target over any transports, and treats each as the link simulator says: what
 * the memory network does within a process, between real sockets. Each client has a socket of its own towards the
 * target, so that the target can tell them apart. Datagrams of more than 1500 bytes are dropped as too big.
 */
export class LinkProxy {
  private readonly options: CheckedLinkProxyOptions;
  private readonly clock: Clock;
  private readonly clients: ProxyClients = new ProxyClients();
  private readonly queue: RelayQueue;
  private readonly toTarget: Counters = counters();
  private readonly toClient: Counters = counters();
  private readonly sharedLinks: { readonly toTarget: LinkSimulator; readonly toClient: LinkSimulator } | undefined;
  private clientsSeen = 0;
  private errors = 0;
  private isClosed = false;
  private sweepAtMs = -Infinity;
  /** Set while there are clients: the last ones are forgotten without another datagram. */
  private idleTimer: TimerHandle | undefined;
  private timer: TimerHandle | undefined;
  /** The batch under construction, and where it goes. */
  private batch: DatagramBatch | undefined;
  private batchTransport: DatagramTransport | undefined;

  /**
   * RangeError for an option out of range or a bad link, TypeError for one of the wrong kind, or that there is not.
   */
  constructor(options: LinkProxyOptions) {
    const checked = (this.options = checkLinkProxyOptions(options));
    this.clock = checked.clock;
    this.queue = new RelayQueue(checked.maxInFlight);
    // Made in any case: bad links throw here and not with the first datagram.
    const links = this.newLinks(0);
    this.sharedLinks = checked.isShared === true ? links : undefined;
  }

  get statistics(): LinkProxyStatistics {
    const { toTarget, toClient, clients, clientsSeen, queue, errors } = this;
    return {
      toTarget: { ...toTarget },
      toClient: { ...toClient },
      clients: clients.size,
      clientsSeen,
      inFlight: queue.size,
      errors,
    };
  }

  /** Opens the front; resolves with the address that clients use in the target's place. Rejects with TransportError. */
  listen(): Promise<SocketAddress> {
    const onDatagram = (payload: Uint8Array, from: SocketAddress): void => this.fromClient(payload, from);
    return this.options.front.open(this.receiver(onDatagram, this.options.front));
  }

  /** Drops what is under way and closes all sockets. Idempotent. */
  async close(): Promise<void> {
    this.isClosed = true;
    for (const timer of [this.timer, this.idleTimer]) if (timer !== undefined) this.clock.clearTimer(timer);
    this.timer = this.idleTimer = undefined;
    this.queue.clear();
    this.dropWaiting(this.options.front);
    await this.options.front.close();
    await Promise.all(this.clients.all().map((client) => this.forget(client)));
  }

  private fromClient(payload: Uint8Array, from: SocketAddress): void {
    if (this.isClosed) return;
    this.sweep();
    const client = this.clients.find(from) ?? this.newClient(from);
    if (client === undefined) this.refuse(this.toTarget, payload.length);
    else this.relay(payload, client, true);
  }

  private newClient(address: SocketAddress): ProxyClient | undefined {
    if (this.clients.size >= this.options.maxClients) return undefined;
    const upstream = this.newUpstream();
    if (upstream === undefined) return undefined;
    const links = this.sharedLinks ?? this.newLinks(this.clientsSeen);
    const client = new ProxyClient(address, upstream, links, this.clock.now());
    this.clientsSeen += 1;
    this.clients.add(client);
    this.watchIdle();
    const onDatagram = (payload: Uint8Array, from: SocketAddress): void => {
      // Only the target may answer.
      if (from.equals(this.options.target)) this.relay(payload, client, false);
    };
    void this.openUpstream(client, this.receiver(onDatagram, client.upstream));
    return client;
  }

  /** Never rejects. Whether `open` rejects, throws at once or gives no promise, nobody here could take it. */
  private async openUpstream(client: ProxyClient, receiver: DatagramReceiver): Promise<void> {
    try {
      await client.upstream.open(receiver);
      if (client.state === "opening") client.state = "open";
    } catch (error) {
      const isFault = client.state === "opening";
      void this.forget(client);
      if (isFault) this.fail(error);
    }
  }

  /** undefined, and a fault, for none: it is called for a datagram, and nobody there could take what it throws. */
  private newUpstream(): DatagramTransport | undefined {
    try {
      const upstream = this.options.createUpstream();
      checkTransport("createUpstream", upstream);
      return upstream;
    } catch (error) {
      this.fail(error);
      return undefined;
    }
  }

  private newLinks(index: number): { readonly toTarget: LinkSimulator; readonly toClient: LinkSimulator } {
    const { seed, toTarget = {}, toClient = {} } = this.options;
    return {
      toTarget: new LinkSimulator(toTarget, seed, [index, TO_TARGET], "toTarget"),
      toClient: new LinkSimulator(toClient, seed, [index, TO_CLIENT], "toClient"),
    };
  }

  private relay(payload: Uint8Array, client: ProxyClient, isToTarget: boolean): void {
    if (this.isClosed) return;
    const nowMs = this.clock.now();
    const counted = isToTarget ? this.toTarget : this.toClient;
    client.lastUsedMs = nowMs;
    if (payload.length > MAX_RELAYED_BYTES) {
      counted.offered += 1;
      counted.offeredBytes += payload.length;
      counted.tooBig += 1;
      return;
    }
    const link = isToTarget ? client.toTarget : client.toClient;
    const copies = link.transmit(payload.length, nowMs);
    counted.offered += 1;
    counted.offeredBytes += payload.length;
    if (link.verdict === "lost") counted.lost += 1;
    else if (link.verdict === "queue-full") counted.queueFull += 1;
    else if (link.verdict === "too-big") counted.tooBig += 1;
    if (copies === 2) counted.duplicated += 1;
    for (let copy = 0; copy < copies; copy++) {
      const held = this.queue.push(payload, client, isToTarget, link.arrivalMs(copy));
      if (held === undefined) counted.refused += 1;
      else if (link.isCorrupted(copy)) {
        link.damage(held.bytes.subarray(0, held.length));
        counted.corrupted += 1;
      }
    }
    this.arm();
  }

  private arm(): void {
    const atMs = this.queue.nextAtMs;
    if (atMs === Infinity || this.isClosed) return;
    if (this.timer !== undefined) {
      if (this.timer.atMs <= atMs) return;
      this.clock.clearTimer(this.timer);
    }
    this.timer = this.clock.setTimer(atMs, this.onTimer);
  }

  private readonly onTimer = (): void => {
    this.timer = undefined;
    const nowMs = this.clock.now();
    for (let held = this.queue.popDue(nowMs); held !== undefined; held = this.queue.popDue(nowMs)) {
      const socket = this.socketOf(held);
      if (held.client?.state === "opening") this.queue.defer(held, nowMs + OPENING_RETRY_MS);
      // Never past those that wait.
      else if (this.queue.firstWaiting(socket) !== undefined || !this.send(held, socket)) this.queue.wait(held, socket);
      else this.queue.release(held);
    }
    this.flush();
    this.arm();
  };

  /** The socket has a free batch again. */
  private sendWaiting(socket: DatagramTransport): void {
    const { queue } = this;
    let held = queue.firstWaiting(socket);
    for (; held !== undefined && this.send(held, socket); held = queue.firstWaiting(socket)) queue.releaseFirst(socket);
    this.flush();
  }

  private socketOf(held: HeldDatagram): DatagramTransport {
    return held.isToTarget ? (held.client as ProxyClient).upstream : this.options.front;
  }

  /** False when it has to wait for a free batch, of which `onWritable` tells. */
  private send(held: HeldDatagram, socket: DatagramTransport): boolean {
    const client = held.client as ProxyClient;
    const counted = held.isToTarget ? this.toTarget : this.toClient;
    if (client.state !== "open") {
      counted.refused += 1;
      return true;
    }
    const batch = this.batchFor(socket);
    if (batch === undefined) return false;
    if (held.length > batch.slotBytes) {
      counted.refused += 1;
      return true;
    }
    batch.buffer.set(
      held.length === MAX_RELAYED_BYTES ? held.bytes : held.bytes.subarray(0, held.length),
      batch.reserve(),
    );
    batch.commit(held.length, held.isToTarget ? this.options.target : client.address);
    counted.relayed += 1;
    counted.relayedBytes += held.length;
    return true;
  }

  /** A batch of that transport with room for one more; undefined when none is free. */
  private batchFor(transport: DatagramTransport): DatagramBatch | undefined {
    if (this.batchTransport !== transport || (this.batch?.reserve() ?? -1) < 0) {
      this.flush();
      this.batch = transport.acquireBatch();
      this.batchTransport = transport;
    }
    return this.batch;
  }

  private flush(): void {
    if (this.batch !== undefined) this.batchTransport?.send(this.batch);
    this.batch = undefined;
    this.batchTransport = undefined;
  }

  /** Forgets clients that were silent for long. */
  private sweep(): void {
    const nowMs = this.clock.now();
    if (nowMs < this.sweepAtMs) return;
    this.sweepAtMs = nowMs + SWEEP_EVERY_MS;
    for (const client of this.clients.all()) {
      if (nowMs - client.lastUsedMs >= this.options.clientIdleMs) void this.forget(client);
    }
  }

  private watchIdle(): void {
    this.idleTimer ??= this.clock.setTimer(this.clock.now() + this.options.clientIdleMs, () => {
      this.idleTimer = undefined;
      this.sweep();
      if (!this.isClosed && this.clients.size > 0) this.watchIdle();
    });
  }

  private async forget(client: ProxyClient): Promise<void> {
    client.state = "closed";
    this.clients.remove(client);
    this.dropWaiting(client.upstream);
    try {
      await client.upstream.close();
    } catch (error) {
      this.fail(error);
    }
  }

  /** The socket closes. */
  private dropWaiting(socket: DatagramTransport): void {
    const { queue } = this;
    for (let held = queue.firstWaiting(socket); held !== undefined; held = queue.firstWaiting(socket)) {
      (held.isToTarget ? this.toTarget : this.toClient).refused += 1;
      queue.releaseFirst(socket);
    }
  }

  private refuse(counted: Counters, bytes: number): void {
    counted.offered += 1;
    counted.offeredBytes += bytes;
    counted.refused += 1;
  }

  private receiver(
    onDatagram: (payload: Uint8Array, from: SocketAddress) => void,
    socket: DatagramTransport,
  ): DatagramReceiver {
    const onError = (error: unknown): void => this.fail(error);
    return { onDatagram, onBatchEnd: () => {}, onError, onWritable: () => this.sendWaiting(socket) };
  }

  private fail(error: unknown): void {
    this.errors += 1;
    try {
      containRejection(this.options.onError?.(error));
    } catch {
      // Who should be told is the one that threw; the datagrams of others go on.
    }
  }
}

function counters(): Counters {
  return {
    offered: 0,
    offeredBytes: 0,
    relayed: 0,
    relayedBytes: 0,
    lost: 0,
    queueFull: 0,
    tooBig: 0,
    duplicated: 0,
    corrupted: 0,
    refused: 0,
  };
}
