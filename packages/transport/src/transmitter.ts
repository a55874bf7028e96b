import type { Clock } from "./clock.js";
import type { DatagramBatch } from "./datagram-batch.js";
import type { DatagramCore } from "./datagram-core.js";
import { GuardedSends, type GuardedSendsUser } from "./guarded-sends.js";
import type { DatagramTransport } from "./transport.js";

/** Batches sent in one turn before other work of the process gets its own: 2048 datagrams at the default sizes. */
const MAX_BATCHES_PER_TURN = 32;

/** Moves datagrams from a core to a transport, batch by batch and a bounded number of them at a time. */
export class Transmitter {
  /** Batches handed to the transport. */
  batchesSent = 0;
  /** The last run used up its share, so that more waits. Where batches ran out instead, `onWritable` comes. */
  moreWaits = false;
  /** A run is under way. */
  active = false;
  readonly #core: DatagramCore;
  readonly #clock: Clock;
  readonly #sends: GuardedSends;

  /** @param minSlotBytes see `DriverOptions` */
  constructor(
    core: DatagramCore,
    transport: DatagramTransport,
    clock: Clock,
    user: GuardedSendsUser,
    minSlotBytes?: number,
  ) {
    this.#core = core;
    this.#clock = clock;
    this.#sends = new GuardedSends(transport, clock, user, minSlotBytes);
  }

  /** Monotonic ms. When to run again, to find out whether the transport still gives no batch; Infinity: need not. */
  get checkAtMs(): number {
    return this.#sends.checkAtMs;
  }

  /** The last run ended for want of a batch. */
  get isHungry(): boolean {
    return this.#sends.isHungry;
  }

  /**
   * Sends what the core has to send, as far as batches reach. What core and transport throw comes through; what it did
   * not come to then waits, as `moreWaits` says.
   */
  run(): void {
    this.active = true;
    this.moreWaits = false;
    try {
      for (let batches = 0; batches < MAX_BATCHES_PER_TURN; batches++) {
        if (!this.#sendBatch()) return;
      }
      this.moreWaits = true;
    } finally {
      this.active = false;
    }
  }

  /** Throws TypeError where the transport gives no proper batches; see `GuardedSends`. */
  checkBatches(): void {
    this.#sends.checkBatches();
  }

  /** It does not run any more. */
  stop(): void {
    this.#sends.stop();
  }

  /** Fills and sends one batch; true when another should follow. */
  #sendBatch(): boolean {
    const batch = this.#sends.acquire();
    if (batch === undefined) return false;
    let more = false;
    let filled = false;
    try {
      more = this.#core.pollTransmit(batch, this.#clock.now());
    } finally {
      // For the core all that is in it is sent, also where it threw in the middle of the next datagram.
      filled = batch.count > 0;
      if (filled) this.#send(batch, more);
      else batch.release();
    }
    // A core that adds nothing has nothing, whatever it says: else it could hold the loop.
    return filled && more;
  }

  /** @param more whether the core has more to send, which a fault of this batch must not hold up */
  #send(batch: DatagramBatch, more: boolean): void {
    this.batchesSent++;
    try {
      this.#sends.send(batch);
    } catch (error) {
      this.moreWaits = more;
      throw error;
    }
  }
}
