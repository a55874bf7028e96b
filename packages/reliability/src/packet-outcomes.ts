import type { AckTracker } from "./ack-tracker.js";
import type { Outbound } from "./outbound.js";
import type { OutgoingMessage } from "./outgoing-message.js";
import type { PendingControls } from "./pending-controls.js";
import type { RecoverySink } from "./recovery.js";
import type { SentItemSink } from "./part-chains.js";

class LostItems implements SentItemSink {
  private readonly outbound: Outbound;

  constructor(outbound: Outbound) {
    this.outbound = outbound;
  }

  onItem(message: OutgoingMessage, from: number, to: number, packetNumber: number): void {
    this.outbound.onDataLost(message, from, to, packetNumber);
  }
}

/**
 * Hands what became of packets to the parts of an endpoint. Classes and no closures: with many connections each closure
 * is two objects more that are not in the cache.
 */
export class PacketOutcomes implements RecoverySink {
  readonly acked: SentItemSink;
  readonly lost: SentItemSink;
  private readonly acks: AckTracker;
  private readonly controls: PendingControls;

  constructor(outbound: Outbound, acks: AckTracker, controls: PendingControls) {
    // Itself, and no object between: with each packet that arrives it is asked for.
    this.acked = outbound;
    this.lost = new LostItems(outbound);
    this.acks = acks;
    this.controls = controls;
  }

  onControlsAcked(mask: number): void {
    this.controls.onAcked(mask);
  }

  onControlsLost(mask: number): void {
    this.controls.requestAgain(mask);
  }

  onAckAcked(largest: number): void {
    this.acks.onAckAcked(largest);
  }
}
