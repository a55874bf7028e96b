import { DeliveryCode } from "@sortie/wire";
import { ChannelQueues } from "./channel-queues.js";
import { UsedUpIds } from "./channels/used-up-ids.js";
import type { FlowWindow } from "./flow-window.js";
import type { OutgoingMessage } from "./outgoing-message.js";
import type { SendCredit } from "./send-credit.js";
import { TURN_BYTES } from "./message-queue.js";
import { MAX_PRIORITY } from "./send-options.js";

/** Each priority twice: large messages below, small ones above. */
const RANKS: number = (MAX_PRIORITY + 1) * 2;

/** The ranks of small messages, as bits. */
const SMALL_RANKS = 0xaaaa;

/**
 * Channels of one rank in a ring, each served in turn by deficit round robin (Shreedhar and Varghese, SIGCOMM 1995),
 * in the form where a turn may overdraw and the next one pays.
 */
class Rank {
  /** Whose turn it is. */
  current: ChannelQueues | undefined = undefined;
  /** Channels in the ring. */
  size = 0;
  private readonly channels: (ChannelQueues | undefined)[] = [];

  of(message: OutgoingMessage): ChannelQueues | undefined {
    return this.channels[message.channel];
  }

  /** The channel of a message that is about to be queued: in the ring from now on. */
  join(message: OutgoingMessage, weights: Uint8Array): ChannelQueues {
    let channel = this.channels[message.channel];
    if (channel === undefined) {
      channel = new ChannelQueues(message.channel, weights[message.channel] as number);
      this.channels[message.channel] = channel;
    }
    if (channel.next === undefined) this.insert(channel);
    return channel;
  }

  turnTo(channel: ChannelQueues): void {
    this.current = channel;
    if (channel.deficitBytes <= 0) channel.deficitBytes += TURN_BYTES * channel.weight;
  }

  /** The channel whose turn it is sent so many bytes, of new messages or of what was lost. */
  charge(bytes: number, isResend: boolean): void {
    const { current } = this;
    if (current === undefined) return;
    if (!isResend) current.charge(bytes);
    current.deficitBytes -= bytes;
    if (current.deficitBytes <= 0) this.turnTo(current.next as ChannelQueues);
  }

  remove(channel: ChannelQueues): void {
    const { previous, next } = channel as { previous: ChannelQueues; next: ChannelQueues };
    previous.next = next;
    next.previous = previous;
    channel.previous = undefined;
    channel.next = undefined;
    channel.deficitBytes = 0;
    this.size -= 1;
    if (this.size === 0) this.current = undefined;
    else if (this.current === channel) this.turnTo(next);
  }

  /** The unreliable or sequenced message of the rank that waits longest. */
  oldestDroppable(): OutgoingMessage | undefined {
    let oldest: OutgoingMessage | undefined;
    let channel = this.current;
    for (let left = this.size; left > 0; left--) {
      oldest = earliest(oldest, channel?.peekDroppable());
      channel = channel?.next;
    }
    return oldest;
  }

  /** As `ChannelQueues.someDroppable`. */
  someDroppable(isEnough: (message: OutgoingMessage) => boolean): boolean {
    let channel = this.current;
    for (let left = this.size; left > 0; left--) {
      if (channel?.someDroppable(isEnough) === true) return true;
      channel = channel?.next;
    }
    return false;
  }

  isBlocked(channel: number, credit: SendCredit): boolean {
    return this.channels[channel]?.isBlocked(credit) === true;
  }

  any(): OutgoingMessage | undefined {
    let channel = this.current;
    for (let left = this.size; left > 0; left--) {
      const message = channel?.peekLost() ?? channel?.peekAny();
      if (message !== undefined) return message;
      channel = channel?.next;
    }
    return undefined;
  }

  /** At the end of the ring: its turn comes after everybody else's. */
  private insert(channel: ChannelQueues): void {
    this.size += 1;
    const { current } = this;
    if (current === undefined) {
      channel.previous = channel;
      channel.next = channel;
      this.turnTo(channel);
      return;
    }
    const last = current.previous as ChannelQueues;
    channel.previous = last;
    channel.next = current;
    last.next = channel;
    current.previous = channel;
  }
}

/**
 * Decides which message goes next: by priority; within one, small messages before pieces of large ones; then channels
 * in turn, by bytes and weight; of a channel what was lost before what is new, then modes in turn, by bytes; of a mode
 * in the order of sending. What waits for the receiver holds up neither other modes nor other channels nor other
 * priorities.
 */
export class PacketScheduler {
  private readonly ranks: (Rank | undefined)[] = new Array<Rank | undefined>(RANKS);
  private readonly weights: Uint8Array;
  /** Where reliable messages are passed over until they have started. */
  private readonly usedUpIds: UsedUpIds;
  /** Bit r: rank r may have something. */
  private occupied = 0;
  private rank: Rank | undefined = undefined;
  private message: OutgoingMessage | undefined = undefined;
  private resending = false;
  /**
   * A small message while it waits alone, outside of all ranks, as in most games most do: there is nothing to decide,
   * and with many connections every object less that it takes is a cache miss less.
   */
  private sole: OutgoingMessage | undefined = undefined;

  /** @param weights by channel, 1..255 */
  constructor(weights: Uint8Array, usedUpIds: UsedUpIds = new UsedUpIds()) {
    this.weights = weights;
    this.usedUpIds = usedUpIds;
  }

  /** Whether the message that `peek` gave is to be sent again. */
  get isResend(): boolean {
    return this.resending;
  }

  /** Queues a new message; `message.large` is set. */
  push(message: OutgoingMessage): void {
    if (this.occupied === 0 && this.sole === undefined && !message.large) {
      this.sole = message;
      return;
    }
    this.rankSole();
    this.enqueue(message);
  }

  /** Queues a message that has lost data. */
  pushLost(message: OutgoingMessage): void {
    this.rankSole();
    if (!message.inLostQueue) this.join(message).pushLost(message);
  }

  /** Puts `next` in the place of `previous`, which waits here, or at the end when they rank differently. */
  replace(previous: OutgoingMessage, next: OutgoingMessage): void {
    if (previous === this.sole && !next.large) {
      this.sole = next;
      return;
    }
    this.rankSole();
    const queue = this.join(next).queueOf(next);
    if (rankIndex(previous) === rankIndex(next)) queue.replace(previous, next);
    else queue.push(next);
  }

  /**
   * The message to be written now; the same until it is taken out, finishes, or one with a higher rank comes.
   * @param smallOnly passes over messages larger than a packet
   */
  peek(flow: FlowWindow, smallOnly: boolean = false): OutgoingMessage | undefined {
    if (this.sole !== undefined) return this.peekSole(this.sole, flow);
    for (let left = smallOnly ? this.occupied & SMALL_RANKS : this.occupied; left !== 0;) {
      const index = 31 - Math.clz32(left);
      left &= ~(1 << index);
      const rank = this.ranks[index] as Rank;
      let channel = rank.current;
      for (let turns = rank.size; turns > 0; turns--) {
        const { next } = channel as ChannelQueues;
        if (this.choose(rank, channel as ChannelQueues, flow)) return this.message;
        channel = next;
      }
      if (rank.size === 0) this.occupied &= ~(1 << index);
    }
    return undefined;
  }

  /** So many bytes of the message that `peek` gave were written. */
  charge(bytes: number): void {
    this.rank?.charge(bytes, this.resending);
  }

  /** Takes out the message that `peek` gave; before `charge`, which may turn to the next channel. */
  shift(): void {
    const { message, rank } = this;
    if (message === undefined) return;
    this.message = undefined;
    if (message === this.sole) {
      this.sole = undefined;
      return;
    }
    const channel = rank?.of(message);
    if (this.resending) channel?.shiftLost();
    else channel?.queueOf(message).shift();
  }

  /** The unreliable or sequenced message that is missed least: of the lowest priority the one that waits longest. */
  leastDroppable(): OutgoingMessage | undefined {
    this.rankSole();
    for (let index = 0; index < RANKS; index += 2) {
      const large = this.ranks[index]?.oldestDroppable();
      const least = earliest(large, this.ranks[index + 1]?.oldestDroppable());
      if (least !== undefined) return least;
    }
    return undefined;
  }

  /**
   * Whether `isEnough` says so of one of the unreliable and sequenced messages up to a priority, which are shown to it
   * one by one.
   */
  someDroppable(maxPriority: number, isEnough: (message: OutgoingMessage) => boolean): boolean {
    this.rankSole();
    for (let index = 0; index < (maxPriority + 1) * 2; index++) {
      if (this.ranks[index]?.someDroppable(isEnough) === true) return true;
    }
    return false;
  }

  /** The unreliable or sequenced message that is before `message` in its queue; itself when none is. */
  firstBefore(message: OutgoingMessage): OutgoingMessage | undefined {
    if (message === this.sole) return message;
    this.rankSole();
    return this.ranks[rankIndex(message)]?.of(message)?.queueOf(message).peek();
  }

  /** Channels of which something waits for credit. */
  countBlocked(credit: SendCredit): number {
    this.rankSole();
    let count = 0;
    for (let index = 0; index < RANKS; index++) {
      const rank = this.ranks[index];
      let channel = rank?.current;
      for (let left = rank?.size ?? 0; left > 0; left--) {
        const { number, next } = channel as ChannelQueues;
        // A channel may be in several ranks.
        if (channel?.isBlocked(credit) === true && !this.isBlocked(number, credit, index)) count += 1;
        channel = next;
      }
    }
    return count;
  }

  /** Whether something of the channel waits for credit, in one of the ranks below `endIndex`. */
  isBlocked(channel: number, credit: SendCredit, endIndex: number = RANKS): boolean {
    this.rankSole();
    for (let index = 0; index < endIndex; index++) {
      if (this.ranks[index]?.isBlocked(channel, credit) === true) return true;
    }
    return false;
  }

  /** Any message that waits here, undefined when none does. */
  any(): OutgoingMessage | undefined {
    this.rankSole();
    for (const rank of this.ranks) {
      const message = rank?.any();
      if (message !== undefined) return message;
    }
    return undefined;
  }

  /** Whether the channel has something that may go. One that has nothing at all leaves the ring. */
  private choose(rank: Rank, channel: ChannelQueues, flow: FlowWindow): boolean {
    const lost = channel.peekLost();
    const message = lost ?? channel.peekFresh(flow, this.usedUpIds.has(channel.number));
    if (message === undefined) {
      if (channel.isEmpty) rank.remove(channel);
      return false;
    }
    if (rank.current !== channel) rank.turnTo(channel);
    this.rank = rank;
    this.message = message;
    this.resending = lost !== undefined;
    return true;
  }

  private peekSole(sole: OutgoingMessage, flow: FlowWindow): OutgoingMessage | undefined {
    this.message = undefined;
    if (sole.finished) {
      this.sole = undefined;
      return undefined;
    }
    if (sole.retransmits && !sole.started && !(this.hasId(sole) && flow.allows(sole))) return undefined;
    this.message = sole;
    this.rank = undefined;
    this.resending = false;
    return sole;
  }

  private hasId(message: OutgoingMessage): boolean {
    return message.delivery !== DeliveryCode.Reliable || !this.usedUpIds.has(message.channel);
  }

  /** It is no longer alone, or is looked for where it would be with others. */
  private rankSole(): void {
    const { sole } = this;
    if (sole === undefined) return;
    this.sole = undefined;
    if (!sole.finished) this.enqueue(sole);
    // Others may come while it is being written: `shift` must find it.
    if (sole === this.message) this.rank = this.ranks[rankIndex(sole)];
  }

  private enqueue(message: OutgoingMessage): void {
    this.join(message).queueOf(message).push(message);
  }

  private join(message: OutgoingMessage): ChannelQueues {
    const index = rankIndex(message);
    this.occupied |= 1 << index;
    let rank = this.ranks[index];
    if (rank === undefined) {
      rank = new Rank();
      this.ranks[index] = rank;
    }
    return rank.join(message, this.weights);
  }
}

function rankIndex(message: OutgoingMessage): number {
  return message.priority * 2 + (message.large ? 0 : 1);
}

function earliest(a: OutgoingMessage | undefined, b: OutgoingMessage | undefined): OutgoingMessage | undefined {
  if (a === undefined) return b;
  return b === undefined || a.order < b.order ? a : b;
}
