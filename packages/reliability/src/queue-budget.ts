import type { DeliveryCode } from "@sortie/wire";
import { isCredited } from "./credit.js";
import { retransmits } from "./delivery.js";
import { Droppables } from "./droppables.js";
import type { EndpointLimits } from "./endpoint-options.js";
import type { OutgoingMessage } from "./outgoing-message.js";
import type { PacketScheduler } from "./packet-scheduler.js";
import type { SendCredit } from "./send-credit.js";

/**
 * Of the caps: kept beyond them, so that bulk that fills the queue keeps out neither the messages of channels that hold
 * no more than so much, nor, as much again, what may be dropped.
 */
const RESERVED_SHARE: number = 1 / 8;

/** For what is not asked for a channel that might hold less than its share. */
const NO_CHANNEL = -1;

/** Never written to: most connections refuse nothing, and an empty map takes 200 bytes of each. */
const NONE_REFUSED: Map<number, number> = new Map();

/**
 * Account of what the send side holds: payloads that wait or may have to be resent. There is one place outside of the
 * cap for a message larger than half of it, so that bulk data neither is refused for ever nor keeps small messages out.
 */
export class QueueBudget {
  /** Messages held. */
  messages = 0;
  private readonly maxBytes: number;
  private readonly maxMessages: number;
  /** What is kept for other channels, and what is kept for what may be dropped: as much each. */
  private readonly reservedBytes: number;
  private readonly reservedMessages: number;
  private oversize: OutgoingMessage | undefined = undefined;
  /** bytes held, the oversize message left out. */
  private cappedBytes = 0;
  private droppableBytes = 0;
  private droppableMessages = 0;
  /** By priority, from the lowest that has been used. */
  private lowest: Droppables | undefined = undefined;
  /** By channel, of messages that are resent. */
  private readonly channelBytes: number[] = [];
  private readonly channelMessages: number[] = [];
  /** Of channels whose messages wait for the peer's application: left out of the account while a send is judged. */
  private asideBytes = 0;
  private asideMessages = 0;
  /** bytes of the largest message refused since the last drain; -1: none. First those that wait for no credit. */
  private refusedBestEffort = -1;
  private refusedDroppable = -1;
  /** The others, by channel. */
  private refusedCredited: Map<number, number> = NONE_REFUSED;

  constructor(limits: EndpointLimits) {
    this.maxBytes = limits.maxQueuedBytes;
    this.maxMessages = limits.maxQueuedMessages;
    this.reservedBytes = Math.ceil(this.maxBytes * RESERVED_SHARE);
    this.reservedMessages = Math.ceil(this.maxMessages * RESERVED_SHARE);
  }

  /** bytes held. */
  get bytes(): number {
    return this.cappedBytes + (this.oversize?.totalBytes ?? 0);
  }

  /** Messages held that are resent until they are acknowledged. */
  get undroppableMessages(): number {
    return this.messages - this.droppableMessages;
  }

  /**
   * Whether a message is taken, once enough of what may be dropped is: up to its priority, if it may be dropped itself.
   * Asked before anything is dropped: a message that is refused costs no other. `takeDrain` tells when there is room.
   * @param usableBytes of a packet
   */
  admits(
    bytes: number,
    delivery: DeliveryCode,
    channel: number,
    priority: number,
    scheduler: PacketScheduler,
    credit: SendCredit,
    usableBytes: number,
  ): boolean {
    const isResent = retransmits(delivery);
    this.setAsideNone();
    if (!this.couldFit(bytes, isResent, channel)) {
      const waits = isCredited(delivery) && waitsForCredit(scheduler, credit, channel, bytes, usableBytes);
      if (!waits) this.setAsideBlocked(scheduler, credit);
      if (waits || !this.couldFit(bytes, isResent, channel)) return this.refuse(bytes, delivery, channel);
    }
    if (isResent || this.fits(bytes, isResent) || this.couldFitAbove(bytes, priority)) return true;
    return this.refuse(bytes, delivery, channel);
  }

  /** Notes that a message found no room. */
  private refuse(bytes: number, delivery: DeliveryCode, channel: number): false {
    if (!retransmits(delivery)) this.refusedDroppable = Math.max(this.refusedDroppable, bytes);
    else if (!isCredited(delivery)) this.refusedBestEffort = Math.max(this.refusedBestEffort, bytes);
    else {
      if (this.refusedCredited === NONE_REFUSED) this.refusedCredited = new Map();
      this.refusedCredited.set(channel, Math.max(this.refusedCredited.get(channel) ?? 0, bytes));
    }
    return false;
  }

  /**
   * Whether, for the first time after a refusal, no more than half of the queue is used, and what was refused would be
   * taken now. What waits for the peer's application to read counts only for messages of channels that do so too.
   * @param usableBytes of a packet
   */
  takeDrain(scheduler: PacketScheduler, credit: SendCredit, usableBytes: number): boolean {
    const { refusedCredited, refusedBestEffort, refusedDroppable } = this;
    let most = Math.max(refusedBestEffort, refusedDroppable);
    if (most < 0 && refusedCredited.size === 0) return false;
    for (const bytes of refusedCredited.values()) most = Math.max(most, bytes);
    this.setAsideNone();
    if (!this.isHalfEmpty || !this.couldFit(most, true)) return this.drainsBeside(scheduler, credit, usableBytes);
    refusedCredited.clear();
    this.refusedBestEffort = -1;
    this.refusedDroppable = -1;
    return true;
  }

  /** Whether a message of `bytes` fits now. `isResent`: it is one of those that may not be dropped. */
  fits(bytes: number, isResent: boolean): boolean {
    const added = isResent ? 1 : 0;
    return this.fitsBesideAll(bytes, this.cappedBytes, this.messages, added);
  }

  /**
   * Whether it would fit if all that may be dropped were.
   * @param channel of a message that is resent: it may use the reserve as long as the channel holds no more than that
   */
  couldFit(bytes: number, isResent: boolean, channel: number = NO_CHANNEL): boolean {
    const undroppableBytes = this.cappedBytes - this.droppableBytes;
    const undroppable = this.undroppableMessages;
    if (!isResent) return this.fitsBesideAll(bytes, undroppableBytes, undroppable, 0);
    const reserves = this.hasShare(bytes, channel) ? 1 : 0;
    const maxBytes = this.maxBytes + reserves * this.reservedBytes;
    const maxMessages = this.maxMessages + reserves * this.reservedMessages;
    return this.fitsBeside(bytes, undroppableBytes, undroppable, maxBytes, maxMessages);
  }

  /** Whether it would fit if what may be dropped, up to a priority, were: what is above it goes for none below. */
  couldFitAbove(bytes: number, priority: number): boolean {
    let { cappedBytes, messages } = this;
    for (let some = this.lowest; some !== undefined && some.priority <= priority; some = some.higher) {
      cappedBytes -= some.bytes;
      messages -= some.messages;
    }
    return this.fitsBesideAll(bytes, cappedBytes, messages, 0);
  }

  /** The unreliable or sequenced message that is missed least: of the lowest priority the one that waits longest. */
  get leastDroppable(): OutgoingMessage | undefined {
    let some = this.lowest;
    while (some !== undefined && some.messages === 0) some = some.higher;
    return some?.oldest;
  }

  /**
   * Leaves what waits for the peer's application to read out of the account, up to once the caps, until `setAsideNone`:
   * a channel that nobody reads must not keep out what can go.
   */
  setAsideBlocked(scheduler: PacketScheduler, credit: SendCredit): void {
    for (let channel = 0; channel < this.channelMessages.length; channel++) {
      const messages = this.channelMessages[channel] ?? 0;
      if (messages === 0 || !scheduler.isBlocked(channel, credit)) continue;
      this.asideMessages += messages;
      this.asideBytes += this.channelBytes[channel] as number;
    }
    this.asideMessages = Math.min(this.asideMessages, this.maxMessages);
    this.asideBytes = Math.min(this.asideBytes, this.maxBytes);
  }

  setAsideNone(): void {
    this.asideBytes = 0;
    this.asideMessages = 0;
  }

  add(message: OutgoingMessage): void {
    if (this.takesPlace(message.totalBytes)) this.oversize = message;
    this.count(message, 1);
  }

  release(message: OutgoingMessage): void {
    this.count(message, -1);
    if (this.oversize === message) this.oversize = undefined;
  }

  private get isHalfEmpty(): boolean {
    const { cappedBytes, asideBytes, messages, asideMessages } = this;
    return (cappedBytes - asideBytes) * 2 <= this.maxBytes && (messages - asideMessages) * 2 <= this.maxMessages;
  }

  /**
   * Forgets the refusals of what would be taken now, with what waits for the peer's application set aside, and says
   * whether there were any. Others stay: one large message must not keep the rest from hearing of their room.
   */
  private drainsBeside(scheduler: PacketScheduler, credit: SendCredit, usableBytes: number): boolean {
    const { refusedCredited, refusedBestEffort, refusedDroppable } = this;
    // What may be dropped competes with others of its kind, whatever is set aside.
    const takesDroppable = refusedDroppable >= 0 && this.fits(refusedDroppable, false);
    let hasDrained = false;
    this.setAsideBlocked(scheduler, credit);
    if (this.isHalfEmpty) {
      if (takesDroppable) this.refusedDroppable = -1;
      const takesBestEffort = refusedBestEffort >= 0 && this.couldFit(refusedBestEffort, true);
      if (takesBestEffort) this.refusedBestEffort = -1;
      hasDrained = takesDroppable || takesBestEffort;
      for (const [channel, bytes] of refusedCredited) {
        if (waitsForCredit(scheduler, credit, channel, bytes, usableBytes) || !this.couldFit(bytes, true)) continue;
        refusedCredited.delete(channel);
        hasDrained = true;
      }
    }
    this.setAsideNone();
    return hasDrained;
  }

  private count(message: OutgoingMessage, sign: 1 | -1): void {
    const bytes = this.oversize === message ? 0 : sign * message.totalBytes;
    this.cappedBytes += bytes;
    this.messages += sign;
    if (message.retransmits) {
      const { channel } = message;
      this.channelBytes[channel] = (this.channelBytes[channel] ?? 0) + bytes;
      this.channelMessages[channel] = (this.channelMessages[channel] ?? 0) + sign;
      return;
    }
    this.droppableBytes += bytes;
    this.droppableMessages += sign;
    const droppables = this.droppablesOf(message.priority);
    droppables.bytes += bytes;
    droppables.messages += sign;
    if (sign > 0) droppables.append(message);
    else droppables.remove(message);
  }

  private droppablesOf(priority: number): Droppables {
    let below: Droppables | undefined;
    let some = this.lowest;
    while (some !== undefined && some.priority < priority) {
      below = some;
      some = some.higher;
    }
    if (some?.priority === priority) return some;
    const made = new Droppables(priority, some);
    if (below === undefined) this.lowest = made;
    else below.higher = made;
    return made;
  }

  /** @param added messages by which those that are resent would be more: they have their room beside the others */
  private fitsBesideAll(bytes: number, cappedBytes: number, messages: number, added: 0 | 1): boolean {
    const undroppableBytes = this.cappedBytes - this.droppableBytes + added * bytes;
    const maxBytes = Math.max(this.maxBytes, undroppableBytes) + this.reservedBytes;
    const maxMessages = Math.max(this.maxMessages, this.undroppableMessages + added) + this.reservedMessages;
    return this.fitsBeside(bytes, cappedBytes, messages, maxBytes, maxMessages);
  }

  private fitsBeside(
    bytes: number,
    cappedBytes: number,
    messages: number,
    maxBytes: number,
    maxMessages: number,
  ): boolean {
    if (messages - this.asideMessages >= maxMessages) return false;
    return this.takesPlace(bytes) || cappedBytes - this.asideBytes + bytes <= maxBytes;
  }

  /** Whether the channel would hold no more than the reserve with a message of `bytes`. */
  private hasShare(bytes: number, channel: number): boolean {
    if (channel === NO_CHANNEL || (this.channelMessages[channel] ?? 0) >= this.reservedMessages) return false;
    if (this.oversize?.channel === channel) return false;
    return (this.channelBytes[channel] ?? 0) + bytes <= this.reservedBytes;
  }

  private takesPlace(bytes: number): boolean {
    return bytes > this.maxBytes / 2 && this.oversize === undefined;
  }
}

/** Whether a message on the channel would have to wait for the peer's application to read. */
function waitsForCredit(
  scheduler: PacketScheduler,
  credit: SendCredit,
  channel: number,
  bytes: number,
  usableBytes: number,
): boolean {
  return scheduler.isBlocked(channel, credit) || !credit.has(channel, bytes, bytes > usableBytes);
}
