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
import { hostTimers } from "./host-timers.js";
import { isIpv6Missing, openError, systemError } from "./socket-errors.js";
import { ANY_IPV4, ANY_IPV6, type SocketOptions } from "./socket-options.js";
import type { UdpSocket, UdpSocketOpener, UdpSocketUser } from "./udp-socket.js";
import { inKnownZone, withNamedZone } from "./zones.js";

/** ms. Above it the system's receive buffers overflow, and round trips are measured by the hold. */
const MAX_HOLD_MS = 100;

/**
 * The life of a transport over UDP sockets, whatever they are made of: opening with the fall-back to IPv4 where the
 * machine has no IPv6, moving to another port, closing at any moment, names, counters and batches.
 *
 * Nothing that the network does throws or ends the process. `onWritable` comes from `setImmediate`, so that sending
 * without end cannot starve receiving.
 */
export class UdpTransport implements DatagramTransport {
  readonly #options: SocketOptions;
  readonly #openSocket: UdpSocketOpener;
  readonly #counters = new TransportCounters();
  readonly #pool: BatchPool;
  #receiver: DatagramReceiver | undefined = undefined;
  #socket: UdpSocket | undefined = undefined;
  #opening: Promise<SocketAddress> | undefined = undefined;
  #rebinding: Promise<SocketAddress> | undefined = undefined;
  #closing: Promise<void> | undefined = undefined;
  /** Old sockets of `rebind` that still send. */
  readonly #leaving: Set<Promise<void>> = new Set();
  /** True from the first datagram of a batch whose end is waited for to that end. */
  #batchOpen = false;
  /** ms. What every socket is told. */
  #holdMs = 0;
  readonly #user: UdpSocketUser;

  /** `openSocket` makes each of its sockets. */
  constructor(options: SocketOptions, openSocket: UdpSocketOpener) {
    this.#options = options;
    this.#openSocket = openSocket;
    this.#pool = new BatchPool({
      batches: options.batches,
      onAvailable: () => hostTimers.setImmediate(this.#onWritable),
    });
    this.#user = {
      counters: this.#counters,
      onDatagram: (payload, from, waitedMs) => this.#onDatagram(payload, from, waitedMs),
      onBatchEnd: () => this.#endBatch(),
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
    this.#opening = this.#bind(withNamedZone(this.#options.local));
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

  /** See `DatagramTransport.holdReceive`; without effect where sockets cannot, as those of node:dgram. */
  holdReceive(holdMs: number): void {
    if (!(holdMs >= 0 && holdMs <= MAX_HOLD_MS)) {
      throw new RangeError(`"holdMs" expected 0..${MAX_HOLD_MS}, got ${holdMs}`);
    }
    this.#holdMs = holdMs;
    this.#socket?.holdReceive?.(holdMs);
  }

  receiveNow(): boolean {
    return this.#socket?.receiveNow?.() ?? false;
  }

  receiveSoon(limitMs: number, done: () => void): boolean {
    return this.#socket?.receiveSoon?.(limitMs, done) ?? false;
  }

  /** Resolves a host name by the system's resolver, to addresses that the socket can send to. */
  async resolve(host: string): Promise<string[]> {
    const literal = SocketAddress.tryParse(host, 0);
    if (literal !== undefined) return [literal.family === 4 ? literal.host : inKnownZone(literal).ipv6Host];
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
    const { scope } = withNamedZone(this.#options.local);
    this.#rebinding ??= this.#bind(SocketAddress.fromBytes(bytes, 0, scope));
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
    const socket = await this.#openFirst(local);
    if (this.#closing !== undefined) {
      await socket.close();
      throw closedError();
    }
    if (this.#socket !== undefined) this.#leave(this.#socket);
    this.#socket = socket;
    socket.holdReceive?.(this.#holdMs);
    return socket.localAddress;
  }

  async #openFirst(local: SocketAddress): Promise<UdpSocket> {
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

  #openAt(local: SocketAddress): Promise<UdpSocket> {
    return this.#openSocket({ ...this.#options, local }, this.#user);
  }

  #leave(socket: UdpSocket): void {
    const forget = (): void => void this.#leaving.delete(leaving);
    const leaving: Promise<void> = socket.close().then(forget, forget);
    this.#leaving.add(leaving);
  }

  #onDatagram(payload: Uint8Array, from: SocketAddress, waitedMs: number | undefined): boolean {
    if (this.#closing !== undefined || this.#receiver === undefined) return false;
    this.#counters.datagramsReceived++;
    this.#counters.bytesReceived += payload.length;
    // First open: a receiver that throws has got something all the same.
    const wasOpen = this.#batchOpen;
    this.#batchOpen = true;
    if (this.#receiver.onDatagram(payload, from, waitedMs) === false) this.#batchOpen = wasOpen;
    return this.#batchOpen;
  }

  #endBatch(): void {
    if (!this.#batchOpen) return;
    this.#batchOpen = false;
    this.#receiver?.onBatchEnd();
  }

  readonly #onWritable = (): void => {
    if (this.#socket !== undefined) this.#receiver?.onWritable();
  };

  async #shutDown(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    await Promise.allSettled([this.#opening, this.#rebinding, socket?.close(), ...this.#leaving]);
    this.#endBatch();
    this.#receiver = undefined;
  }
}

function closedError(): TransportError {
  return new TransportError("closed", "the transport is closed: make a new one");
}
