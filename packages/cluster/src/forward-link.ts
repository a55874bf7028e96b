import { workerOf } from "@sortie/server";
import {
  type DatagramBatch,
  type DatagramReceiver,
  type DatagramTransport,
  SocketAddress,
  type TransportError,
} from "@sortie/transport";
import { datagramKind, MIN_PROTECTED_BYTES, readConnectionId } from "@sortie/wire";
import { readForwarded, writeForwarded } from "./forward-header.js";
import { ForwardedSources } from "./forwarded-sources.js";
import type { ForwardingCounters } from "./forwarding-statistics.js";

/** The workers' own sockets are bound to it, so that nobody outside of the machine can reach them. */
export const LINK_HOST = "127.0.0.1";

/** Takes what other workers passed on. */
export interface ForwardLinkUser {
  onForwarded(datagram: Uint8Array, from: SocketAddress): void;
  onForwardedEnd(): void;
  onLinkError(error: TransportError): void;
}

/** Where this worker stands. */
export interface ForwardLinkOptions {
  /** A socket on loopback. */
  readonly transport: DatagramTransport;
  readonly worker: number;
  readonly workers: number;
  readonly counters: ForwardingCounters;
}

/**
 * Datagrams between workers, over a loopback socket of each: what does not fit into the transport's batches, or into
 * the receiver's socket, is dropped and counted. The source port says who sent: the kernel gives a port of loopback to
 * one socket, and without a port of a worker a datagram is refused.
 */
export class ForwardLink implements DatagramReceiver {
  readonly #options: ForwardLinkOptions;
  readonly #counters: ForwardingCounters;
  readonly #workerOfPort: Map<number, number> = new Map();
  /** Where each worker is; undefined for one that is not. */
  readonly #addresses: (SocketAddress | undefined)[];
  readonly #nextOut: Uint32Array;
  readonly #nextIn: Uint32Array;
  readonly #sources = new ForwardedSources();
  #user: ForwardLinkUser | undefined;
  #batch: DatagramBatch | undefined;

  constructor(options: ForwardLinkOptions) {
    this.#options = options;
    this.#counters = options.counters;
    this.#addresses = new Array<undefined>(options.workers).fill(undefined);
    this.#nextOut = new Uint32Array(options.workers);
    this.#nextIn = new Uint32Array(options.workers);
  }

  /** Opens the socket; resolves with its port. Rejects with TransportError. */
  async open(user: ForwardLinkUser): Promise<number> {
    this.#user = user;
    return (await this.#options.transport.open(this)).port;
  }

  /** Says at which loopback port each worker is; 0 for one that is not. */
  setPorts(ports: readonly number[]): void {
    for (let worker = 0; worker < this.#addresses.length; worker++) {
      const port = ports[worker] ?? 0;
      const before = this.#addresses[worker];
      if ((before?.port ?? 0) === port || worker === this.#options.worker) continue;
      // Unless another worker has the port of one that has gone.
      if (before !== undefined && this.#workerOfPort.get(before.port) === worker)
        this.#workerOfPort.delete(before.port);
      this.#addresses[worker] = port === 0 ? undefined : SocketAddress.parse(LINK_HOST, port);
      if (port !== 0) this.#workerOfPort.set(port, worker);
      // Another process: both sides count from 0.
      this.#nextOut[worker] = 0;
      this.#nextIn[worker] = 0;
    }
  }

  /** Takes a datagram for its owner, a copy; sent with `flush`. False when there is no such worker. */
  forward(owner: number, datagram: Uint8Array, from: SocketAddress): boolean {
    const to = this.#addresses[owner];
    if (to === undefined) return false;
    const batch = (this.#batch ??= this.#options.transport.acquireBatch());
    if (batch === undefined) {
      this.#counters.dropped += 1;
      return true;
    }
    const sequence = this.#nextOut[owner] as number;
    const length = writeForwarded(batch.buffer, batch.reserve(), batch.slotBytes, { sequence, from, datagram });
    if (length === 0) {
      this.#counters.dropped += 1;
      return true;
    }
    batch.commit(length, to);
    this.#nextOut[owner] = sequence + 1;
    this.#counters.forwarded += 1;
    this.#counters.forwardedBytes += datagram.length;
    if (batch.count === batch.capacity) this.flush();
    return true;
  }

  /** Sends what `forward` took. */
  flush(): void {
    const batch = this.#batch;
    if (batch === undefined) return;
    this.#batch = undefined;
    this.#options.transport.send(batch);
  }

  /** As of a transport. */
  holdReceive(holdMs: number): void {
    this.#options.transport.holdReceive?.(holdMs);
  }

  /** As of a transport. */
  receiveNow(): boolean {
    return this.#options.transport.receiveNow?.() ?? false;
  }

  /** As of a transport. */
  receiveSoon(limitMs: number, done: () => void): boolean {
    return this.#options.transport.receiveSoon?.(limitMs, done) ?? false;
  }

  close(): Promise<void> {
    this.flush();
    return this.#options.transport.close();
  }

  onDatagram(payload: Uint8Array, from: SocketAddress): void {
    const sender = from.host === LINK_HOST ? this.#workerOfPort.get(from.port) : undefined;
    const forwarded = sender === undefined ? undefined : readForwarded(payload, this.#sources);
    if (sender === undefined || forwarded === undefined || !this.#isOurs(forwarded.datagram)) {
      this.#counters.refused += 1;
      return;
    }
    const missing = (forwarded.sequence - (this.#nextIn[sender] as number)) >>> 0;
    // Not for one that is late: loopback does not reorder, but need not promise that.
    if (missing < 2 ** 31) {
      this.#counters.lost += missing;
      this.#nextIn[sender] = forwarded.sequence + 1;
    }
    this.#counters.received += 1;
    this.#user?.onForwarded(forwarded.datagram, forwarded.from);
  }

  onBatchEnd(): void {
    this.#user?.onForwardedEnd();
  }

  onError(error: TransportError): void {
    this.#user?.onLinkError(error);
  }

  onWritable(): void {
    // What found no batch was dropped: datagrams that wait would come late, and their sender asks again.
  }

  #isOurs(datagram: Uint8Array): boolean {
    const { worker, workers } = this.#options;
    if (datagram.length < MIN_PROTECTED_BYTES) return false;
    const kind = datagramKind(datagram[0] as number);
    if (kind !== "protected") return kind === "handshake";
    return workerOf(readConnectionId(datagram), workers) === worker;
  }
}
