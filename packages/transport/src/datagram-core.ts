import type { SocketAddress } from "./address.js";
import type { DatagramBatch } from "./datagram-batch.js";
import type { TransportError } from "./transport-error.js";

/** A protocol without socket or timer: it is fed and polled. All times are monotonic ms and never run backwards. */
export interface DatagramCore {
  /**
   * Takes one datagram. `payload` is valid until this returns.
   * @param waitedMs how long before `nowMs` it arrived at this machine; 0 where nobody knows
   */
  receive(payload: Uint8Array, from: SocketAddress, nowMs: number, waitedMs: number): void;
  /** After the last datagram of a batch. */
  receiveEnd(nowMs: number): void;
  /**
   * Asked before `receiveEnd`: false when nothing of what came since the last one needs `receiveEnd`, `afterWork` or a
   * flush, as it only waits for something else. Without this method: always.
   */
  needsFlush?(): boolean;
  /** Adds datagrams to the empty batch; true when more wait than fitted. Adding none means: nothing to send. */
  pollTransmit(batch: DatagramBatch, nowMs: number): boolean;
  /** Monotonic ms; Infinity for none. Asked after every entry. */
  nextTimeoutAt(): number;
  /** Called at `nextTimeoutAt` or later; must move it on. */
  handleTimeout(nowMs: number): void;
  /** The transport reported a fault of its whole socket. */
  onTransportError(error: TransportError, nowMs: number): void;
}
