import { createSocket, type RemoteInfo, type Socket, type SocketOptions as NodeSocketOptions } from "node:dgram";
import { type DatagramBatch, SocketAddress, type TransportCounters, TransportError } from "@sortie/transport";
import type { InterfaceZones } from "./interface-zones.js";
import { hostTimers } from "./udp/host-timers.js";
import { concernsOnePeer, isSocketGone } from "./udp/socket-errors.js";
import type { SocketOptions } from "./udp/socket-options.js";

/** ms. How long closing waits for the system to take what was sent; it does in microseconds unless a link hangs. */
const CLOSE_GRACE_MS = 1000;

/** Younger than the types of Node 20; Nodes that do not know it pass over it in silence, see `hasReusePort`. */
const REUSE_PORT: object = { reusePort: true };

/** Makes an unbound socket; `createSocket` of node:dgram, or a stand-in. */
export type SocketFactory = (options: NodeSocketOptions) => Socket;

/** What a bound socket reports. */
export interface SocketListener {
  onMessage(message: Buffer, remote: RemoteInfo): void;
  /** A fault of the whole socket. */
  onSocketError(error: unknown): void;
}

/** Hands the host text to the socket as it is: hosts are addresses here, and Node would ask the resolver for each. */
function literalLookup(
  host: string,
  _options: unknown,
  done: (error: null, host: string, family: number) => void,
): void {
  done(null, host, host.includes(":") ? 6 : 4);
}

/** A bound socket of node:dgram that sends batches and closes when they are out. */
export class BoundSocket {
  readonly localAddress: SocketAddress;
  readonly #socket: Socket;
  readonly #counters: TransportCounters;
  readonly #listener: SocketListener;
  readonly #zones: InterfaceZones;
  readonly #takesIpv6: boolean;
  readonly #takesIpv4: boolean;
  readonly #sends: WeakMap<DatagramBatch, BatchSends> = new WeakMap();
  #pendingBatches = 0;
  /** Datagrams since the last turn that `receiveSoon` looked at. */
  #received = 0;
  #onDrained: (() => void) | undefined = undefined;
  #closing: Promise<void> | undefined = undefined;

  private constructor(
    socket: Socket,
    options: SocketOptions,
    zones: InterfaceZones,
    counters: TransportCounters,
    listener: SocketListener,
  ) {
    this.#socket = socket;
    this.#counters = counters;
    this.#listener = listener;
    this.#zones = zones;
    this.#takesIpv6 = options.local.family === 6;
    this.#takesIpv4 = !options.ipv6Only;
    const { address, port } = socket.address();
    const { bytes, scope } = options.local;
    this.localAddress = zones.parse(address, port) ?? SocketAddress.fromBytes(bytes, port, scope);
    socket.on("message", (message, remote) => {
      this.#received++;
      listener.onMessage(message, remote);
    });
    socket.on("error", (error) => {
      counters.receiveErrors++;
      if (!concernsOnePeer(error)) listener.onSocketError(error);
    });
    if (options.unref) socket.unref();
    askForBuffers(socket, options);
  }

  /** Makes a socket and binds it to `options.local`; rejects with the error of the system. */
  static open(
    options: SocketOptions,
    zones: InterfaceZones,
    counters: TransportCounters,
    listener: SocketListener,
    factory: SocketFactory = createSocket,
  ): Promise<BoundSocket> {
    return new Promise((resolve, reject) => {
      const { local } = options;
      if (options.reusePort && !hasReusePort(process.versions.node))
        throw reusePortUnsupported(local, process.versions.node);
      const socket = factory({
        type: local.family === 6 ? "udp6" : "udp4",
        ipv6Only: options.ipv6Only,
        reuseAddr: options.reuseAddress,
        ...(options.reusePort ? REUSE_PORT : {}),
        lookup: literalLookup,
      });
      const onError = (error: Error): void => {
        socket.close();
        reject(error);
      };
      socket.once("error", onError);
      socket.once("listening", () => {
        socket.off("error", onError);
        resolve(new BoundSocket(socket, options, zones, counters, listener));
      });
      // Exclusive: under node:cluster workers would else share one socket, and each see some of every peer's datagrams.
      const address = local.family === 6 ? zones.ipv6HostOf(local) : local.host;
      socket.bind({ address, port: local.port, exclusive: true });
    });
  }

  /** bytes. What the system granted; Linux reports twice the usable size. */
  get receiveBufferBytes(): number {
    return this.#socket.getRecvBufferSize();
  }

  /** bytes. What the system granted; Linux reports twice the usable size. */
  get sendBufferBytes(): number {
    return this.#socket.getSendBufferSize();
  }

  /** Whether addresses of this family can be sent to. */
  takes(family: 4 | 6): boolean {
    return family === 4 ? this.#takesIpv4 : this.#takesIpv6;
  }

  /** Sends all of the batch and releases it when the last datagram is done. Never throws. */
  send(batch: DatagramBatch): void {
    let sends = this.#sends.get(batch);
    if (sends === undefined) this.#sends.set(batch, (sends = new BatchSends(batch, this.#counters, this.#onBatchSent)));
    this.#pendingBatches++;
    sends.pending = batch.count + 1; // one for this loop, so that the batch outlives it
    for (let i = 0; i < batch.count; i++) {
      const to = batch.addresses[i] as SocketAddress;
      if (to.port === 0 || !this.takes(to.family)) {
        sends.fail();
        continue;
      }
      const host = this.#takesIpv6 ? this.#zones.ipv6HostOf(to) : to.host;
      try {
        this.#socket.send(sends.payload(i), to.port, host, sends.onSent);
      } catch (error) {
        sends.onSent(error as Error, 0);
      }
    }
    sends.done();
  }

  /** See `DatagramTransport.receiveSoon`. A turn of the event loop reads some (32 on Linux), and nothing when empty. */
  receiveSoon(limitMs: number, done: () => void): boolean {
    const untilMs = hostTimers.now() + limitMs;
    const onTurn = (): void => {
      const isEmpty = this.#received === 0;
      this.#received = 0;
      if (isEmpty || hostTimers.now() >= untilMs) done();
      else hostTimers.setImmediate(onTurn);
    };
    this.#received = 0;
    // An immediate of now may come before the loop has read: the one after it does not.
    hostTimers.setImmediate(() => hostTimers.setImmediate(onTurn));
    return true;
  }

  /** Resolves when what was sent is out and the socket is gone. Idempotent. */
  close(): Promise<void> {
    return (this.#closing ??= this.#drainAndClose());
  }

  readonly #onBatchSent = (gone: unknown): void => {
    if (gone !== undefined && this.#closing === undefined) this.#listener.onSocketError(gone);
    this.#pendingBatches--;
    if (this.#pendingBatches === 0) this.#onDrained?.();
  };

  async #drainAndClose(): Promise<void> {
    if (this.#pendingBatches > 0) {
      await new Promise<void>((resolve) => {
        // Past the grace the socket is closed all the same, and the system cancels what is left.
        const timer = hostTimers.setTimeout(resolve, CLOSE_GRACE_MS);
        this.#onDrained = () => {
          hostTimers.clearTimeout(timer);
          resolve();
        };
      });
    }
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }
}

/** The sends of one batch, with the one callback that all of them share. Made once for each batch of a pool. */
class BatchSends {
  pending = 0;
  #gone: unknown = undefined;
  readonly #batch: DatagramBatch;
  readonly #counters: TransportCounters;
  readonly #onDone: (gone: unknown) => void;
  readonly #payloads: Uint8Array[] = [];

  constructor(batch: DatagramBatch, counters: TransportCounters, onDone: (gone: unknown) => void) {
    this.#batch = batch;
    this.#counters = counters;
    this.#onDone = onDone;
  }

  readonly onSent = (error: Error | null, bytes: number): void => {
    if (error !== null) {
      if (isSocketGone(error)) this.#gone = error;
      if ((error as NodeJS.ErrnoException).code === "EMSGSIZE") this.#counters.tooLarge++;
      this.fail();
      return;
    }
    this.#counters.datagramsSent++;
    this.#counters.bytesSent += bytes;
    this.done();
  };

  /** A view of a datagram. The last one of each place is kept: often the next datagram there lies and ends alike. */
  payload(index: number): Uint8Array {
    const { buffer, offsets, lengths } = this.#batch;
    const start = buffer.byteOffset + (offsets[index] as number);
    const length = lengths[index] as number;
    const kept = this.#payloads[index];
    if (kept !== undefined && kept.byteOffset === start && kept.length === length) return kept;
    const payload = new Uint8Array(buffer.buffer, start, length);
    this.#payloads[index] = payload;
    return payload;
  }

  fail(): void {
    this.#counters.sendErrors++;
    this.done();
  }

  done(): void {
    if (--this.pending > 0) return;
    const gone = this.#gone;
    this.#gone = undefined;
    this.#batch.release();
    this.#onDone(gone);
  }
}

/** Whether this Node's dgram has `reusePort`: from 22.12 and 23.1 on (Node's documentation of `dgram.createSocket`). */
export function hasReusePort(nodeVersion: string): boolean {
  const [major = 0, minor = 0] = nodeVersion.split(".").map(Number);
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
}

/** Says what helps whether this transport was chosen, or is what is left where koffi is not installed. */
export function reusePortUnsupported(address: SocketAddress, nodeVersion: string): TransportError {
  const message =
    `"reusePort" expected Node 22.12 or newer with node:dgram, got ${nodeVersion}: on older ones, ` +
    `use @sortie/transport-mmsg on Linux, with koffi (npm install koffi@3.3.4). "sortie" and the workers of a ` +
    `cluster, which share a port, do so by themselves once koffi is installed`;
  return new TransportError("unsupported", message, { address });
}

/** Best effort: a refusal leaves the system's own sizes. */
function askForBuffers(socket: Socket, options: SocketOptions): void {
  try {
    socket.setRecvBufferSize(options.receiveBufferBytes);
    socket.setSendBufferSize(options.sendBufferBytes);
  } catch {
    // Some systems refuse a size above their maximum where others cut it.
  }
}
