import type { Clock } from "./clock.js";
import type { DatagramCore } from "./datagram-core.js";
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
  readonly #transport: DatagramTransport;
  readonly #clock: Clock;

  constructor(core: DatagramCore, transport: DatagramTransport, clock: Clock) {
    this.#core = core;
    this.#transport = transport;
    this.#clock = clock;
  }

  /** Sends what the core has to send, as far as batches reach. What the core throws comes through. */
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

  /** Fills and sends one batch; true when another should follow. */
  #sendBatch(): boolean {
    const batch = this.#transport.acquireBatch();
    if (batch === undefined) return false;
    let more = false;
    let filled = false;
    try {
      more = this.#core.pollTransmit(batch, this.#clock.now());
    } finally {
      // For the core all that is in it is sent, also where it threw in the middle of the next datagram.
      filled = batch.count > 0;
      if (filled) {
        this.batchesSent++;
        this.#transport.send(batch);
      } else batch.release();
    }
    // A core that adds nothing has nothing, whatever it says: else it could hold the loop.
    return filled && more;
  }
}
