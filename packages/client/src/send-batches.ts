import { containRejection } from "@sortie/connection";
import { type DatagramBatch, type DatagramTransport, giveBack } from "@sortie/transport";
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
      if (filled) hand(batch, transport);
      else batch.release();
    }
    if (!filled || !more) return;
  }
}

function hand(batch: DatagramBatch, transport: DatagramTransport): void {
  let returned: unknown;
  try {
    returned = transport.send(batch);
  } catch (error) {
    // Nobody else would: one batch lost with each throw, until nothing can be sent any more.
    giveBack(batch);
    throw error;
  }
  if (returned !== undefined) containRejection(returned);
}
