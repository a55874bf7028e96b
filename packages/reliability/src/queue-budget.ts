import type { DeliveryCode } from "@sortie/wire";
import { isCredited } from "./credit.js";
import { retransmits } from "./delivery.js";
import type { EndpointLimits } from "./endpoint-options.js";
import type { OutgoingMessage } from "./outgoing-message.js";
import type { PacketScheduler } from "./packet-scheduler.js";
import type { SendCredit } from "./send-credit.js";

/** Of the caps: kept beyond them for what may be dropped, so that bulk that fills the queue does not keep it out. */
const DROPPABLE_SHARE: number = 1 / 8;

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
  /** With the part that is kept for what may be dropped. */
  private readonly allBytes: number;
  private readonly allMessages: number;
  private oversize: OutgoingMessage | undefined = undefined;
  /** bytes held, the oversize message left out. */
  private cappedBytes = 0;
  private droppableBytes = 0;
  private droppableMessages = 0;
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
    this.allBytes = Math.ceil(this.maxBytes * (1 + DROPPABLE_SHARE));
    this.allMessages = Math.ceil(this.maxMessages * (1 + DROPPABLE_SHARE));
  }

  /** bytes held. */
  get bytes(): number {
    return this.cappedBytes + (this.oversize?.totalBytes ?? 0);
  }

  /** Messages held that are resent until they are acknowledged. */
  get undroppableMessages(): number {
    return this.messages - this.droppableMessages;
  }

  /** A message found no room. */
  onRefused(bytes: number, delivery: DeliveryCode, channel: number): void {
    if (!retransmits(delivery)) this.refusedDroppable = Math.max(this.refusedDroppable, bytes);
    else if (!isCredited(delivery)) this.refusedBestEffort = Math.max(this.refusedBestEffort, bytes);
    else {
      if (this.refusedCredited === NONE_REFUSED) this.refusedCredited = new Map();
      this.refusedCredited.set(channel, Math.max(this.refusedCredited.get(channel) ?? 0, bytes));
    }
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

  /** Whether a message of `bytes` fits now. */
  fits(bytes: number): boolean {
    return this.fitsBeside(bytes, this.cappedBytes, this.messages, false);
  }

  /** Whether it would fit if all that may be dropped were. `isResent`: it is one of those that may not. */
  couldFit(bytes: number, isResent: boolean): boolean {
    const messages = this.messages - this.droppableMessages;
    return this.fitsBeside(bytes, this.cappedBytes - this.droppableBytes, messages, isResent);
  }

  /** Whether it would fit if what may be dropped, up to a priority, were: what is above it goes for none below. */
  couldFitAbove(bytes: number, priority: number, scheduler: PacketScheduler): boolean {
    let cappedBytes = this.cappedBytes;
    let { messages } = this;
    return scheduler.someDroppable(priority, (message) => {
      if (message !== this.oversize) cappedBytes -= message.totalBytes;
      messages -= 1;
      return this.fitsBeside(bytes, cappedBytes, messages, false);
    });
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
    const takesDroppable = refusedDroppable >= 0 && this.fits(refusedDroppable);
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
  }

  private fitsBeside(bytes: number, cappedBytes: number, messages: number, isResent: boolean): boolean {
    if (messages - this.asideMessages >= (isResent ? this.maxMessages : this.allMessages)) return false;
    const maxBytes = isResent ? this.maxBytes : this.allBytes;
    return this.takesPlace(bytes) || cappedBytes - this.asideBytes + bytes <= maxBytes;
  }

  private takesPlace(bytes: number): boolean {
    return bytes > this.maxBytes / 2 && this.oversize === undefined;
  }
}

/** Whether a message on the channel would have to wait for the peer's application to read. */
export function waitsForCredit(
  scheduler: PacketScheduler,
  credit: SendCredit,
  channel: number,
  bytes: number,
  usableBytes: number,
): boolean {
  return scheduler.isBlocked(channel, credit) || !credit.has(channel, bytes, bytes > usableBytes);
}
