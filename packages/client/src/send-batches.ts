import type { DatagramTransport } from "@sortie/transport";
import type { ClientCore } from "./client-core.js";

/** Sends all that a client has to send, as far as batches reach. What the core throws comes through. */
export function sendBatches(core: ClientCore, transport: DatagramTransport, nowMs: number): void {
  for (;;) {
    const batch = transport.acquireBatch();
    if (batch === undefined) return;
    let more = false;
    let filled = false;
    try {
      more = core.pollTransmit(batch, nowMs);
    } finally {
      // For the core all that is in it is sent, also where it threw in the middle of the next datagram.
      filled = batch.count > 0;
      if (filled) transport.send(batch);
      else batch.release();
    }
    if (!filled || !more) return;
  }
}
