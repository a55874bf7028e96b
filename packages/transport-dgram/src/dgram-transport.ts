import { createSocket, type RemoteInfo } from "node:dgram";
import { lookup } from "node:dns/promises";
import {
  BatchPool,
  type DatagramBatch,
  type DatagramReceiver,
  type DatagramTransport,
  SocketAddress,
  TransportCounters,
  TransportError,
  type TransportStatistics,
} from "@sortie/transport";
import { AddressCache } from "./address-cache.js";
import { BoundSocket, type SocketFactory, type SocketListener } from "./bound-socket.js";
import { isIpv6Missing, openError, systemError } from "./socket-errors.js";
import { ANY_IPV4, ANY_IPV6, type DgramTransportOptions, type SocketOptions, socketOptions } from "./socket-options.js";

/**
 * Datagrams over node:dgram. By default one dual-stack socket serves IPv4 and IPv6.
 *
 * Nothing that the network does throws or ends the process: errors of a send are counted, errors of the socket are
 * counted and reported by `onError` where they concern more than one peer. Datagrams of one turn of the event loop
 * are one batch; `onBatchEnd` and `onWritable` come from `setImmediate`. `statistics.truncated` stays 0: Node
 * receives every size that UDP can carry.
 */
export class NodeDgramTransport implements DatagramTransport {
  readonly #options: SocketOptions;
  readonly #factory: SocketFactory;
  readonly #counters = new TransportCounters();
  readonly #addresses = new AddressCache();
  readonly #pool: BatchPool;
  #receiver: DatagramReceiver | undefined = undefined;
  #socket: BoundSocket | undefined = undefined;
  #opening: Promise<SocketAddress> | undefined = undefined;
  #rebinding: Promise<SocketAddress> | undefined = undefined;
  #closing: Promise<void> | undefined = undefined;
  /** Old sockets of `rebind` that still send. */
  readonly #leaving: Set<Promise<void>> = new Set();
  /** Set from the first datagram of a batch to its end. */
  #batchEnd: NodeJS.Immediate | undefined = undefined;
  readonly #listener: SocketListener;

  /** Throws RangeError where an option is wrong. `factory` stands in for `createSocket` of node:dgram. */
  constructor(options: DgramTransportOptions = {}, factory: SocketFactory = createSocket) {
    this.#options = socketOptions(options);
    this.#factory = factory;
    this.#pool = new BatchPool({ batches: this.#options.batches, onAvailable: () => setImmediate(this.#onWritable) });
    this.#listener = {
      onMessage: (message, remote) => this.#onMessage(message, remote),
      onSocketError: (error) => this.#receiver?.onError(systemError(error, "the socket failed")),
    };
  }

  get localAddress(): SocketAddress | undefined {
    return this.#socket?.localAddress;
  }

  get statistics(): TransportStatistics {
    return this.#counters;
  }

  /** bytes. Receive buffer the system granted (Linux reports twice the usable size); undefined while not open. */
  get receiveBufferBytes(): number | undefined {
    return this.#socket?.receiveBufferBytes;
  }

  /** bytes. Send buffer the system granted (Linux reports twice the usable size); undefined while not open. */
  get sendBufferBytes(): number | undefined {
    return this.#socket?.sendBufferBytes;
  }

  async open(receiver: DatagramReceiver): Promise<SocketAddress> {
    if (this.#closing !== undefined) throw closedError();
    if (this.#receiver !== undefined) {
      throw new TransportError("already-open", "the transport is open: make another one for a second socket");
    }
    this.#receiver = receiver;
    this.#opening = this.#bind(this.#options.local);
    try {
      return await this.#opening;
    } catch (error) {
      this.#receiver = undefined;
      throw error;
    } finally {
      this.#opening = undefined;
    }
  }

  acquireBatch(): DatagramBatch | undefined {
    return this.#pool.acquire();
  }

  send(batch: DatagramBatch): void {
    if (this.#socket !== undefined) {
      this.#socket.send(batch);
      return;
    }
    this.#counters.sendErrors += batch.count;
    batch.release();
  }

  async resolve(host: string): Promise<string[]> {
    const literal = SocketAddress.tryParse(host, 0);
    if (literal !== undefined) return [literal.family === 4 ? literal.host : literal.ipv6Host];
    const { family } = this.localAddress ?? this.#options.local;
    const only = family === 4 ? 4 : this.#options.ipv6Only ? 6 : 0;
    const what = `the name ${JSON.stringify(host)} could not be resolved`;
    if (host === "") throw new TransportError("name-not-found", what); // Node's answer is an empty list
    try {
      const found = await lookup(host, { all: true, family: only });
      return found.map((entry) => entry.address);
    } catch (cause) {
      throw systemError(cause, what);
    }
  }

  /** Opens a socket on a port that the system chooses, then closes the old one when what it sent is out. */
  async rebind(): Promise<SocketAddress> {
    if (this.#socket === undefined) throw closedError();
    const { bytes } = this.#socket.localAddress;
    this.#rebinding ??= this.#bind(SocketAddress.fromBytes(bytes, 0, this.#options.local.scope));
    try {
      return await this.#rebinding;
    } finally {
      this.#rebinding = undefined;
    }
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#shutDown());
  }

  /** Binds a socket and makes it the current one. */
  async #bind(local: SocketAddress): Promise<SocketAddress> {
    const socket = await this.#openSocket(local);
    if (this.#closing !== undefined) {
      await socket.close();
      throw closedError();
    }
    if (this.#socket !== undefined) this.#leave(this.#socket);
    this.#socket = socket;
    return socket.localAddress;
  }

  async #openSocket(local: SocketAddress): Promise<BoundSocket> {
    try {
      return await this.#openAt(local);
    } catch (error) {
      if (local.host !== ANY_IPV6 || this.#options.ipv6Only || !isIpv6Missing(error)) throw openError(error, local);
    }
    const ipv4 = SocketAddress.parse(ANY_IPV4, local.port);
    try {
      return await this.#openAt(ipv4);
    } catch (error) {
      throw openError(error, ipv4);
    }
  }

  #openAt(local: SocketAddress): Promise<BoundSocket> {
    return BoundSocket.open({ ...this.#options, local }, this.#counters, this.#listener, this.#factory);
  }

  #leave(socket: BoundSocket): void {
    const forget = (): void => void this.#leaving.delete(leaving);
    const leaving: Promise<void> = socket.close().then(forget, forget);
    this.#leaving.add(leaving);
  }

  #onMessage(message: Buffer, remote: RemoteInfo): void {
    if (this.#closing !== undefined || this.#receiver === undefined) return;
    const from = this.#addresses.get(remote.address, remote.port);
    if (from === undefined || from.port === 0) {
      this.#counters.receiveErrors++;
      return;
    }
    this.#batchEnd ??= setImmediate(this.#endBatch);
    this.#counters.datagramsReceived++;
    this.#counters.bytesReceived += message.length;
    // A plain view: Buffer's slice shares memory where Uint8Array's copies, which must surprise nobody above.
    this.#receiver.onDatagram(new Uint8Array(message.buffer, message.byteOffset, message.length), from);
  }

  readonly #endBatch = (): void => {
    this.#batchEnd = undefined;
    this.#receiver?.onBatchEnd();
  };

  readonly #onWritable = (): void => {
    if (this.#socket !== undefined) this.#receiver?.onWritable();
  };

  async #shutDown(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    await Promise.allSettled([this.#opening, this.#rebinding, socket?.close(), ...this.#leaving]);
    if (this.#batchEnd !== undefined) {
      clearImmediate(this.#batchEnd);
      this.#endBatch();
    }
    this.#receiver = undefined;
  }
}

function closedError(): TransportError {
  return new TransportError("closed", "the transport is closed: make a new one");
}
