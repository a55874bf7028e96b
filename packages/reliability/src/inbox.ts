import type { DeliveryCode } from "@sortie/wire";
import { type Delivery, deliveryTraits } from "./delivery.js";
import type { EndpointLimits } from "./endpoint-options.js";
import { Ring } from "./ring.js";

/** A received message. */
export interface InboundMessage {
  /** The receiver's own copy: may be kept, is never overwritten. */
  readonly payload: Uint8Array;
  /** 0..255. */
  readonly channel: number;
  readonly delivery: Delivery;
}

class ReceivedMessage implements InboundMessage {
  readonly payload: Uint8Array;
  readonly channel: number;
  readonly delivery: Delivery;
  /** Place in the order of arrival. Not for the application, which gets this object. */
  readonly #order: number;

  constructor(payload: Uint8Array, channel: number, delivery: Delivery, order: number) {
    this.payload = payload;
    this.channel = channel;
    this.delivery = delivery;
    this.#order = order;
  }

  isBefore(other: ReceivedMessage): boolean {
    return this.#order < other.#order;
  }
}

/**
 * Messages the application has not polled, in the order of arrival, under caps. When full, the oldest unreliable or
 * sequenced ones go; the others are never dropped, but `isFull` says that no more of them may come.
 */
export class Inbox {
  /** bytes of all messages held. */
  bytes = 0;
  /** Messages dropped because it was full, since construction. */
  dropped = 0;
  private readonly maxMessages: number;
  private readonly maxBytes: number;
  private readonly droppable = new Ring<ReceivedMessage>();
  private readonly kept = new Ring<ReceivedMessage>();
  private keptBytes = 0;
  private arrivals = 0;

  constructor(limits: EndpointLimits) {
    this.maxMessages = limits.maxInboxMessages;
    this.maxBytes = limits.maxInboxBytes;
  }

  get messages(): number {
    return this.droppable.length + this.kept.length;
  }

  /** Whether messages that must not be lost fill it. */
  get isFull(): boolean {
    return this.kept.length >= this.maxMessages || this.keptBytes >= this.maxBytes;
  }

  push(payload: Uint8Array, channel: number, delivery: DeliveryCode): void {
    const traits = deliveryTraits(delivery);
    const message = new ReceivedMessage(payload, channel, traits.name, this.arrivals++);
    this.bytes += payload.length;
    if (traits.retransmits) {
      this.kept.push(message);
      this.keptBytes += payload.length;
    } else {
      this.droppable.push(message);
    }
    while (this.messages > this.maxMessages || this.bytes > this.maxBytes) {
      const oldest = this.droppable.shift();
      if (oldest === undefined) return;
      this.bytes -= oldest.payload.length;
      this.dropped += 1;
    }
  }

  poll(): InboundMessage | undefined {
    const droppable = this.droppable.peek();
    const kept = this.kept.peek();
    if (kept === undefined || (droppable !== undefined && droppable.isBefore(kept))) {
      if (droppable === undefined) return undefined;
      this.droppable.shift();
      this.bytes -= droppable.payload.length;
      return droppable;
    }
    this.kept.shift();
    this.bytes -= kept.payload.length;
    this.keptBytes -= kept.payload.length;
    return kept;
  }

  clear(): void {
    this.droppable.clear();
    this.kept.clear();
    this.bytes = 0;
    this.keptBytes = 0;
  }
}
