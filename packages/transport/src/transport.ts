import type { SocketAddress } from "./address.js";
import type { DatagramBatch } from "./datagram-batch.js";
import type { TransportError } from "./transport-error.js";

/**
 * What a transport tells its user. Calls come one at a time, never from inside `open`, `acquireBatch` or `send`, nor
 * from inside a batch's `release`, which gives it back to the transport's pool, sent or not: `onWritable`, which that
 * may bring, comes after it has returned.
 */
export interface DatagramReceiver {
  /**
   * One datagram, of 0 bytes or more. `payload` is valid until this returns: copy what you keep. `from` is canonical
   * and immutable and may be kept.
   * @param waitedMs ms, 0 or more: how long ago it arrived at this machine, where the transport knows
   * @returns false: for its sake `onBatchEnd` need not come, which may save the transport a turn of the event loop
   */
  onDatagram(payload: Uint8Array, from: SocketAddress, waitedMs?: number): boolean | void;

  /**
   * After the last datagram of those that arrived together; comes once for every run of `onDatagram`, but may be left
   * out where that returned false each time.
   */
  onBatchEnd(): void;

  /** A fault that concerns the whole socket. The transport goes on if it can. */
  onError(error: TransportError): void;

  /** A batch is free again after `acquireBatch` gave none. Comes once for each time of want. */
  onWritable(): void;
}

/** Counters of a transport since it was made. They never decrease. */
export interface TransportStatistics {
  /** Datagrams handed to the network with success. */
  readonly datagramsSent: number;
  /** Datagrams handed to the receiver. */
  readonly datagramsReceived: number;
  /** bytes of payload in `datagramsSent`. */
  readonly bytesSent: number;
  /** bytes of payload in `datagramsReceived`. */
  readonly bytesReceived: number;
  /** Datagrams given to `send` that did not leave: refused by the system, of a wrong family, after `close`. */
  readonly sendErrors: number;
  /** Faults while receiving, and datagrams dropped for a source address that cannot be answered. */
  readonly receiveErrors: number;
  /** Datagrams dropped because they were larger than the transport's receive buffer. */
  readonly truncated: number;
  /**
   * Of `sendErrors` those that are larger than the own link takes (EMSGSIZE). No fault: probes of a path's MTU find out
   * so. A transport that cannot tell leaves it out.
   */
  readonly tooLarge?: number;
}

/** Datagrams that the system refused for another reason than their size: something is wrong. */
export function refusedSends({ sendErrors, tooLarge = 0 }: TransportStatistics): number {
  return sendErrors - tooLarge;
}

/** The counters as a transport keeps them: a {@link TransportStatistics} to write to. */
export class TransportCounters implements TransportStatistics {
  datagramsSent = 0;
  datagramsReceived = 0;
  bytesSent = 0;
  bytesReceived = 0;
  sendErrors = 0;
  receiveErrors = 0;
  truncated = 0;
  tooLarge = 0;
}

/**
 * Carries datagrams, in batches. Unreliable and unordered, as UDP is: a datagram may be lost, doubled or late, but
 * never changed in size or joined with another.
 *
 * Life: `open` once (again after it failed), then `acquireBatch` and `send` as often as wanted, then `close`, which
 * is final. Only `open`, `resolve` and `rebind` fail visibly, each with a `TransportError`; whatever happens to a
 * datagram is counted in `statistics`.
 */
export interface DatagramTransport {
  /**
   * Takes the local address and starts to receive; resolves with that address, its port known. Rejects with
   * TransportError: "already-open" on an open transport, "closed" after `close`, "address-in-use" where another has
   * the address (the message says which port, as whoever starts a server twice sees it alone), else what the system
   * said.
   */
  open(receiver: DatagramReceiver): Promise<SocketAddress>;

  /** undefined before `open` resolved and after `close`. */
  readonly localAddress: SocketAddress | undefined;

  /** An empty batch to fill; undefined while all are on their way, and `onWritable` follows. */
  acquireBatch(): DatagramBatch | undefined;

  /**
   * Sends each datagram of a batch that came from `acquireBatch`, takes the batch over and releases it when done.
   * Never throws for the network's sake; before `open` and after `close` the datagrams are counted as send errors.
   */
  send(batch: DatagramBatch): void;

  /**
   * The IP addresses of a host name, best first; a literal address gives itself. Rejects with TransportError
   * "name-not-found". A transport without it takes literal addresses only.
   */
  resolve?(host: string): Promise<string[]>;

  /**
   * Moves to a new socket with a new local port, for a client whose path died; resolves with the new address. Where
   * it rejects, the old socket still works.
   */
  rebind?(): Promise<SocketAddress>;

  /**
   * The receiver can wait: datagrams may be kept for up to `holdMs` (0..100 ms, 0: not at all) and handed over
   * together, where that saves work. RangeError outside. A transport that cannot tell how long they have waited keeps
   * them for 2 ms at most, whatever it is allowed; one without this method hands over what comes as it comes.
   */
  holdReceive?(holdMs: number): void;

  /**
   * Hands over what has arrived and was kept, before it returns. Not from inside a call to the receiver.
   * @returns whether that was all there is
   */
  receiveNow?(): boolean;

  /**
   * For a transport that only the event loop can read: lets it do so, turn by turn, until nothing is left or `limitMs`
   * are over, and then calls `done`, once, even if it was closed meanwhile. Returns false, and does nothing, where it
   * cannot.
   */
  receiveSoon?(limitMs: number, done: () => void): boolean;

  /** Resolves when what was sent is out and the socket is gone. Idempotent; the receiver hears nothing after it. */
  close(): Promise<void>;

  readonly statistics: TransportStatistics;
}
