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
      filled = batch.count > 0;
    } finally {
      if (!filled) batch.release();
    }
    if (!filled) return;
    transport.send(batch);
    if (!more) return;
  }
}
