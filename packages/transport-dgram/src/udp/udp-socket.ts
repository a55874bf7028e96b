import type { DatagramBatch, SocketAddress, TransportCounters } from "@sortie/transport";
import type { SocketOptions } from "./socket-options.js";

/** What a bound socket tells the transport that opened it. */
export interface UdpSocketUser {
  /** Of the transport: it counts what arrives, the socket what leaves and what fails. */
  readonly counters: TransportCounters;
  /**
   * One datagram, as of `DatagramReceiver`; `payload` is valid until this returns. Returns whether `onBatchEnd` is
   * waited for.
   */
  onDatagram(payload: Uint8Array, from: SocketAddress, waitedMs?: number): boolean;
  /** After the last datagram of those that arrived together; without effect where nobody waits for it. */
  onBatchEnd(): void;
  /** A fault of the whole socket. */
  onSocketError(error: unknown): void;
}

/** A bound UDP socket. */
export interface UdpSocket {
  readonly localAddress: SocketAddress;
  /** bytes. What the system granted; Linux reports twice the usable size. */
  readonly receiveBufferBytes: number;
  /** bytes. What the system granted; Linux reports twice the usable size. */
  readonly sendBufferBytes: number;
  /** Sends all of the batch and releases it when the last datagram is done. Never throws. */
  send(batch: DatagramBatch): void;
  /** See `DatagramTransport.holdReceive`. */
  holdReceive?(holdMs: number): void;
  /** See `DatagramTransport.receiveNow`. */
  receiveNow?(): boolean;
  /** See `DatagramTransport.receiveSoon`. */
  receiveSoon?(limitMs: number, done: () => void): boolean;
  /** Resolves when what was sent is out and the socket is gone. Idempotent. */
  close(): Promise<void>;
}

/** Makes a socket and binds it to `options.local`; rejects with the error of the system. */
export type UdpSocketOpener = (options: SocketOptions, user: UdpSocketUser) => Promise<UdpSocket>;
