import type { DeliveryCode } from "@sortie/wire";
import { isCredited } from "./credit.js";
import { type Delivery, deliveryTraits } from "./delivery.js";
import type { EndpointLimits } from "./endpoint-options.js";
import type { OwnBytes } from "./received-payload.js";
import type { MutableStatistics } from "./statistics.js";

/** A received message. */
export interface InboundMessage {
  /**
   * The receiver's own: may be kept, is never overwritten. `payload.buffer` has other messages besides: read it from
   * `payload.byteOffset` on, which is a multiple of 8. `payload.slice()` has memory of its own.
   */
  readonly payload: OwnBytes;
  /** 0..255. */
  readonly channel: number;
  readonly delivery: Delivery;
}

/** What applications get: order and chain are not for them. */
class ReceivedMessage implements InboundMessage {
  readonly payload: OwnBytes;
  readonly channel: number;
  readonly delivery: Delivery;
  /** Place in the order of arrival. */
  readonly #order: number;
  /** The next of the chain that it waits in. */
  #next: ReceivedMessage | undefined = undefined;

  constructor(payload: OwnBytes, channel: number, delivery: Delivery, order: number) {
    this.payload = payload;
    this.channel = channel;
    this.delivery = delivery;
    this.#order = order;
  }

  isBefore(other: ReceivedMessage): boolean {
    return this.#order < other.#order;
  }

  linkTo(next: ReceivedMessage): void {
    this.#next = next;
  }

  /** The message that it was linked to, from now on no more: whoever keeps one message keeps no others alive. */
  unlink(): ReceivedMessage | undefined {
    const next = this.#next;
    this.#next = undefined;
    return next;
  }
}

/** First in, first out. The messages themselves are the chain: no memory that is fetched besides. */
class MessageChain {
  length = 0;
  private oldest: ReceivedMessage | undefined = undefined;
  private newest: ReceivedMessage | undefined = undefined;

  push(message: ReceivedMessage): void {
    if (this.newest === undefined) this.oldest = message;
    else this.newest.linkTo(message);
    this.newest = message;
    this.length += 1;
  }

  peek(): ReceivedMessage | undefined {
    return this.oldest;
  }

  shift(): ReceivedMessage | undefined {
    const { oldest } = this;
    if (oldest === undefined) return undefined;
    this.oldest = oldest.unlink();
    if (this.oldest === undefined) this.newest = undefined;
    this.length -= 1;
    return oldest;
  }
}

/**
 * Messages the application has not polled, in the order of arrival. Reliable and ordered ones are bounded by the credit
 * that the peer was given, and wait here while their channel is paused; of the others the oldest go when there are too
 * many.
 */
export class Inbox {
  /** bytes of all messages held. */
  bytes = 0;
  /** Whether the owner polls: else what comes waits here, for as long as the peer likes. */
  isRead = true;
  /** Messages that came, since construction. */
  arrivals = 0;
  /** Messages dropped because there were too many, since construction. */
  dropped = 0;
  private readonly maxMessages: number;
  private readonly maxBytes: number;
  private readonly droppable = new MessageChain();
  private droppableBytes = 0;
  private readonly kept = new MessageChain();
  /** Kept messages whose turn came while their channel was paused, by channel; undefined: not paused. */
  private readonly paused: (MessageChain | undefined)[] = [];
  /** Of channels that were resumed: older than everything in `kept`. */
  private readonly resumed = new MessageChain();
  private pausedMessages = 0;
  private hasEnded = false;
  /** Messages in `kept` and `resumed`. */
  private keptMessages = 0;

  constructor(limits: EndpointLimits) {
    this.maxMessages = limits.maxInboxMessages;
    this.maxBytes = limits.maxInboxBytes;
  }

  get messages(): number {
    return this.droppable.length + this.keptMessages + this.pausedMessages;
  }

  /** Brings its part of the statistics up to date. */
  gauge(counters: MutableStatistics): void {
    counters.inboxDropped = this.dropped;
    counters.inboxMessages = this.messages;
    counters.inboxBytes = this.bytes;
  }

  push(payload: OwnBytes, channel: number, delivery: DeliveryCode): void {
    const message = new ReceivedMessage(payload, channel, deliveryTraits(delivery).name, this.arrivals++);
    this.bytes += payload.length;
    if (isCredited(delivery)) {
      this.kept.push(message);
      this.keptMessages += 1;
      return;
    }
    this.droppable.push(message);
    this.droppableBytes += payload.length;
    while (this.droppable.length > this.maxMessages || this.droppableBytes > this.maxBytes) {
      this.takeDroppable();
      this.dropped += 1;
    }
  }

  poll(): InboundMessage | undefined {
    const kept = this.keptMessages > 0 ? this.nextKept() : undefined;
    const droppable = this.droppable.peek();
    if (droppable !== undefined && (kept === undefined || droppable.isBefore(kept))) return this.takeDroppable();
    if (kept === undefined) return undefined;
    if (kept === this.resumed.peek()) this.resumed.shift();
    else this.kept.shift();
    this.keptMessages -= 1;
    this.bytes -= kept.payload.length;
    return kept;
  }

  isPaused(channel: number): boolean {
    return this.paused[channel] !== undefined;
  }

  /** Reliable and ordered messages of the channel wait from now on. Nothing after `end`. */
  pause(channel: number): void {
    if (this.hasEnded) return;
    this.paused[channel] ??= new MessageChain();
  }

  /** They wait no longer. */
  resume(channel: number): void {
    const waiting = this.paused[channel];
    if (waiting === undefined) return;
    this.paused[channel] = undefined;
    this.pausedMessages -= waiting.length;
    this.keptMessages += waiting.length;
    for (let message = waiting.shift(); message !== undefined; message = waiting.shift()) this.resumed.push(message);
  }

  /**
   * Nothing more will come: what was kept back is given out now. Its sender was told that it arrived, and nobody could
   * ask for it later.
   */
  end(): void {
    this.hasEnded = true;
    for (let channel = 0; channel < this.paused.length; channel++) this.resume(channel);
  }

  /** The kept message that came first and may be given out; those of paused channels step aside. */
  private nextKept(): ReceivedMessage | undefined {
    const { resumed, kept, paused } = this;
    for (;;) {
      const chain = resumed.length > 0 ? resumed : kept;
      const message = chain.peek();
      const waiting = message === undefined ? undefined : paused[message.channel];
      if (message === undefined || waiting === undefined) return message;
      chain.shift();
      waiting.push(message);
      this.pausedMessages += 1;
      this.keptMessages -= 1;
    }
  }

  private takeDroppable(): ReceivedMessage | undefined {
    const message = this.droppable.shift();
    if (message === undefined) return undefined;
    this.bytes -= message.payload.length;
    this.droppableBytes -= message.payload.length;
    return message;
  }
}
