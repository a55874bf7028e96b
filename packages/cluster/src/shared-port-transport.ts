import { workerOf } from "@sortie/server";
import {
  type DatagramBatch,
  type DatagramReceiver,
  type DatagramTransport,
  type SocketAddress,
  TransportError,
  type TransportStatistics,
} from "@sortie/transport";
import {
  cookieBytesOfHello,
  datagramKind,
  MAX_DATAGRAM_BYTES,
  MIN_PROTECTED_BYTES,
  readConnectionId,
} from "@sortie/wire";
import type { ForwardingCounters } from "./forwarding-statistics.js";
import type { ForwardLink, ForwardLinkUser } from "./forward-link.js";
import type { WorkerLinks } from "./messages.js";

/** ms that either socket keeps datagrams before it is read. */
const MAX_FORWARD_HOLD_MS = 2;

export interface SharedPortOptions {
  /** The socket on the shared port. */
  readonly transport: DatagramTransport;
  readonly link: ForwardLink;
  readonly worker: number;
  readonly workers: number;
  readonly counters: ForwardingCounters;
  /** Whether this worker takes newcomers. */
  readonly isAccepting: () => boolean;
  /**
   * Where the other workers run already: told once the socket for them is open, and resolves with where they are. Only
   * then the one at the shared port opens, since the system gives it a share of the others' datagrams at once. They
   * have been told where this one is by then; one that is too busy to have read it refuses what this one passes on.
   */
  readonly join?: (linkPort: number) => Promise<WorkerLinks>;
  /**
   * Told once both sockets are open. Without `join` it resolves when those of all workers are: until then the system
   * would give a peer to one socket now and to another one later.
   */
  readonly start: (opened: {
    readonly address: SocketAddress;
    readonly linkPort: number;
  }) => Promise<WorkerLinks> | undefined;
  /** Datagrams are taken from now on. */
  readonly onLive?: () => void;
  /** Hears why `open` rejected. */
  readonly onFailed?: (error: unknown) => void;
  /** Both sockets are closed. */
  readonly onClosed?: () => void;
}

/**
 * One worker's share of a port: passes a peer's datagram on to the worker that its connection ID names, and takes those
 * that others pass on as if the socket had got them. Handshakes are served by whoever gets them, and passed on while
 * this worker takes no newcomers and another one does.
 */
export class SharedPortTransport implements DatagramTransport, DatagramReceiver, ForwardLinkUser {
  readonly #options: SharedPortOptions;
  readonly #transport: DatagramTransport;
  readonly #link: ForwardLink;
  readonly #counters: ForwardingCounters;
  #receiver: DatagramReceiver | undefined;
  #isLive = false;
  /** Other workers that take newcomers. */
  #others: readonly number[] = [];
  /** Whether `setLinks` was called: what it said is newer than what `start` resolves with. */
  #hasLinks = false;
  /** Whether the receiver got something since the last end of a batch. */
  #isBatchOpen = false;
  #closing: Promise<void> | undefined;
  /** Rejects when this is closed. */
  readonly #closed: Promise<never>;
  #rejectClosed: (error: TransportError) => void = () => undefined;

  constructor(options: SharedPortOptions) {
    this.#options = options;
    this.#transport = options.transport;
    this.#link = options.link;
    this.#counters = options.counters;
    this.#closed = new Promise((_, reject) => (this.#rejectClosed = reject));
    this.#closed.catch(() => undefined);
  }

  get localAddress(): SocketAddress | undefined {
    return this.#transport.localAddress;
  }

  get statistics(): TransportStatistics {
    return this.#transport.statistics;
  }

  async open(receiver: DatagramReceiver): Promise<SocketAddress> {
    this.#receiver = receiver;
    try {
      const linkPort = await this.#link.open(this);
      await this.#takeLinks(this.#options.join?.(linkPort));
      const address = await this.#transport.open(this);
      await this.#takeLinks(this.#options.start({ address, linkPort }));
      this.#isLive = true;
      this.#options.onLive?.();
      return address;
    } catch (error) {
      this.#options.onFailed?.(error);
      throw error;
    }
  }

  async #takeLinks(told: Promise<WorkerLinks> | undefined): Promise<void> {
    if (told === undefined) return;
    const links = await Promise.race([told, this.#closed]);
    // Two messages that arrive together are both taken before a promise goes on.
    if (!this.#hasLinks) this.setLinks(links);
  }

  /** Says where the workers are, and which of them take newcomers; whenever that changes. */
  setLinks({ ports, accepting }: WorkerLinks): void {
    this.#hasLinks = true;
    this.#link.setPorts(ports);
    this.#others = accepting.filter((worker) => worker !== this.#options.worker);
  }

  acquireBatch(): DatagramBatch | undefined {
    return this.#transport.acquireBatch();
  }

  send(batch: DatagramBatch): void {
    this.#transport.send(batch);
  }

  holdReceive(holdMs: number): void {
    // What is forwarded does not say when it came: so long is too short to matter.
    const shortMs = Math.min(holdMs, MAX_FORWARD_HOLD_MS);
    this.#transport.holdReceive?.(shortMs);
    this.#link.holdReceive(shortMs);
  }

  receiveNow(): boolean {
    const isAll = this.#transport.receiveNow?.() ?? false;
    return this.#link.receiveNow() && isAll;
  }

  /** Both sockets, one after the other: the second is read meanwhile too. */
  receiveSoon(limitMs: number, done: () => void): boolean {
    const untilMs = performance.now() + limitMs;
    const onFirst = (): void => {
      if (!this.#link.receiveSoon(Math.max(untilMs - performance.now(), 0), done)) done();
    };
    return this.#transport.receiveSoon?.(limitMs, onFirst) ?? false;
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#shutDown());
  }

  onDatagram(payload: Uint8Array, from: SocketAddress, waitedMs?: number): void {
    if (!this.#isLive) {
      this.#counters.early += 1;
      return;
    }
    const owner = this.#ownerOf(payload);
    if (owner !== this.#options.worker) {
      if (this.#link.forward(owner, payload, from)) return;
      this.#counters.ownerless += 1;
    } else if (this.#goesToOthers(payload) && this.#passNewcomer(payload, from)) return;
    this.#pass(payload, from, waitedMs);
  }

  onBatchEnd(): void {
    this.#link.flush();
    this.#endBatch();
  }

  onError(error: TransportError): void {
    this.#receiver?.onError(error);
  }

  onWritable(): void {
    this.#receiver?.onWritable();
  }

  onForwarded(datagram: Uint8Array, from: SocketAddress): void {
    if (this.#isLive) this.#pass(datagram, from);
    else this.#counters.early += 1;
  }

  onForwardedEnd(): void {
    this.#endBatch();
  }

  onLinkError(error: TransportError): void {
    this.#receiver?.onError(error);
  }

  #pass(payload: Uint8Array, from: SocketAddress, waitedMs?: number): void {
    this.#isBatchOpen = true;
    this.#receiver?.onDatagram(payload, from, waitedMs);
  }

  #endBatch(): void {
    if (!this.#isBatchOpen) return;
    this.#isBatchOpen = false;
    this.#receiver?.onBatchEnd();
  }

  /** Whose a datagram is; ours where it is nobody's in particular. */
  #ownerOf(payload: Uint8Array): number {
    const { worker, workers } = this.#options;
    const { length } = payload;
    if (length < MIN_PROTECTED_BYTES || length > MAX_DATAGRAM_BYTES) return worker;
    if (datagramKind(payload[0] as number) !== "protected") return worker;
    return workerOf(readConnectionId(payload), workers);
  }

  /** A hello that costs public-key work, while there is no place here. Others, floods among them, are answered here. */
  #goesToOthers(payload: Uint8Array): boolean {
    if (this.#others.length === 0 || payload.length === 0) return false;
    if (datagramKind(payload[0] as number) !== "handshake" || this.#options.isAccepting()) return false;
    const cookieBytes = cookieBytesOfHello(payload);
    return typeof cookieBytes === "number" && cookieBytes > 0;
  }

  /** To the same worker each time the hello comes. */
  #passNewcomer(payload: Uint8Array, from: SocketAddress): boolean {
    const worker = this.#others[from.port % this.#others.length] as number;
    if (!this.#link.forward(worker, payload, from)) return false;
    this.#counters.newcomers += 1;
    return true;
  }

  async #shutDown(): Promise<void> {
    this.#isLive = false;
    this.#rejectClosed(new TransportError("closed", "the worker's server was closed while the cluster started"));
    await Promise.all([this.#transport.close(), this.#link.close()]);
    this.#receiver = undefined;
    this.#options.onClosed?.();
  }
}
