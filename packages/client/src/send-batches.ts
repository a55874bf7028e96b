import {
  checkOpened,
  type Clock,
  type DatagramBatch,
  type DatagramTransport,
  GuardedSends,
  isTransportError,
  type SocketAddress,
  starvedError,
  TransportError,
} from "@sortie/transport";
import type { ClientCore } from "./client-core.js";
import { faultText } from "./fault-text.js";

/** The sending of a client that is polled: it has no driver. */
export class BatchSender {
  readonly #sends: GuardedSends;
  readonly #onFault: (error: TransportError) => void;

  /** @param onFault hears what `send` threw, or was rejected by, and that the transport gives no batch any more */
  constructor(transport: DatagramTransport, clock: Clock, onFault: (error: TransportError) => void) {
    this.#onFault = onFault;
    this.#sends = new GuardedSends(transport, clock, {
      onRejected: (cause) => onFault(sendError(cause)),
      onStarved: () => onFault(starvedError()),
      // The next update does.
      onAskAgain: () => undefined,
    });
  }

  /** Throws TypeError where the transport's `open` gave no address, or where it gives no proper batches, now open. */
  checkOpened(address: SocketAddress): void {
    checkOpened(address);
    this.#sends.checkBatches();
  }

  /**
   * Sends all that a client has to send, as far as batches reach, and until a `send` throws: the rest is for the next
   * time. What the core throws comes through, and what `acquireBatch` does.
   */
  send(core: ClientCore, nowMs: number): void {
    for (;;) {
      const batch = this.#sends.acquire();
      if (batch === undefined) return;
      let more = false;
      let filled = false;
      try {
        more = core.pollTransmit(batch, nowMs);
      } finally {
        // For the core all that is in it is sent, also where it threw in the middle of the next datagram.
        filled = batch.count > 0;
        if (!filled) batch.release();
        else if (!this.#hand(batch)) more = false;
      }
      if (!filled || !more) return;
    }
  }

  /** Nothing is sent any more. */
  stop(): void {
    this.#sends.stop();
  }

  /** False where it threw. */
  #hand(batch: DatagramBatch): boolean {
    try {
      this.#sends.send(batch);
      return true;
    } catch (cause) {
      this.#onFault(sendError(cause));
      return false;
    }
  }
}

function sendError(cause: unknown): TransportError {
  if (isTransportError(cause)) return cause;
  return new TransportError("system", `the transport failed to send: ${faultText(cause)}`, { cause });
}
