import { DeliveryCode } from "@sortie/wire";
import type { ChannelQueues } from "./channel-queues.js";
import { UsedUpIds } from "./channels/used-up-ids.js";
import { isCredited } from "./credit.js";
import { CreditNeeds } from "./credit-needs.js";
import type { FlowWindow } from "./flow-window.js";
import { LostRanks } from "./lost-ranks.js";
import { TURN_BYTES } from "./message-queue.js";
import { type OutgoingMessage, rankOf } from "./outgoing-message.js";
import { Rank } from "./rank.js";
import type { SendCredit } from "./send-credit.js";
import { MAX_PRIORITY } from "./send-options.js";

/** Each priority twice: large messages below, small ones above. */
const RANKS: number = (MAX_PRIORITY + 1) * 2;

/** Bytes of small messages for each byte of large ones of their priority, where both have more than may go. */
const SMALL_SHARE = 3;
/** bytes. What large messages are owed does not grow beyond this while they wait for the receiver. */
const MAX_OWED_BYTES: number = 2 * TURN_BYTES;

/** bytes. What small messages of a priority have borrowed counts up to here: debt has an end, too. */
const MAX_LENT_BYTES: number = 12 * TURN_BYTES;

/**
 * Decides which message goes next: by priority; within one, small messages before pieces of large ones, to which they
 * leave a quarter of the bytes; then channels in turn, by bytes and weight; of a channel what was lost, the oldest
 * first, before what is new, then modes in turn, by bytes; of a mode in the order of sending. What waits for the
 * receiver holds up neither other modes nor other channels nor other priorities, and gives its turn to what was lost.
 */
export class PacketScheduler {
  private readonly ranks: (Rank | undefined)[] = new Array<Rank | undefined>(RANKS);
  private readonly weights: Uint8Array;
  /** Where messages that have an ID are passed over until they have started. */
  private readonly usedUpIds: UsedUpIds;
  private readonly lostRanks: LostRanks;
  /** Bit r: rank r may have something. */
  private occupied = 0;
  private rank: Rank | undefined = undefined;
  /** Which one that is, or that of large messages of its priority. */
  private index = 0;
  private message: OutgoingMessage | undefined = undefined;
  private resending = false;
  /**
   * bytes that small messages of each priority have borrowed from the pace since that was last free, less what large
   * ones have borrowed in their turn; undefined: none.
   */
  private lent: number[] | undefined = undefined;
  /**
   * A small message while it waits alone, outside of all ranks, as in most games most do: there is nothing to decide,
   * and with many connections every object less that it takes is a cache miss less.
   */
  private sole: OutgoingMessage | undefined = undefined;
  /** Undefined until a send finds the queue full. */
  private creditNeeds: CreditNeeds | undefined = undefined;

  /** @param weights by channel, 1..255 */
  constructor(weights: Uint8Array, usedUpIds: UsedUpIds = new UsedUpIds()) {
    this.weights = weights;
    this.usedUpIds = usedUpIds;
    this.lostRanks = new LostRanks(this.ranks);
  }

  /** Whether the message that `peek` gave is to be sent again. */
  get isResend(): boolean {
    return this.resending;
  }

  /** Queues a new message; `message.large` is set. */
  push(message: OutgoingMessage): void {
    if (isCredited(message.delivery)) this.creditNeeds?.forget(message.channel);
    if (this.occupied === 0 && this.sole === undefined && !message.large) {
      this.sole = message;
      return;
    }
    this.rankSole();
    this.enqueue(message);
  }

  /** Queues a message that has lost data, which goes again at the priority given, its own by default. */
  pushLost(message: OutgoingMessage, priority: number = message.priority): void {
    this.rankSole();
    // In the rank of its size: what is small may borrow from the pace, and the pieces of a large one must not.
    if (message.inLostQueue) return;
    const index = rankOf(priority, message.large);
    this.join(message, index).pushLost(message);
    this.lostRanks.add(index);
  }

  /** What the ordered channel has lost, and waits at a lower priority, goes again at this one. */
  raiseLost(channel: number, priority: number): void {
    for (let index = 0; index < rankOf(priority, true); index++) {
      const lost = this.ranks[index]?.channel(channel)?.takeLost(DeliveryCode.Ordered);
      for (const message of lost ?? []) this.pushLost(message, priority);
    }
  }

  /** Puts `next` in the place of `previous`, which waits here, or at the end when they rank differently. */
  replace(previous: OutgoingMessage, next: OutgoingMessage): void {
    if (previous === this.sole && !next.large) {
      this.sole = next;
      return;
    }
    this.rankSole();
    const queue = this.join(next).queueOf(next);
    if (previous.rank === next.rank) queue.replace(previous, next);
    else queue.push(next);
  }

  /**
   * The message to be written now; the same until it is taken out, finishes, or one with a higher rank comes.
   * @param onCredit only if it may borrow from the pace: small messages may, and large ones as much as small ones of
   * lower priorities have, or owe them. They would never get their turn otherwise.
   */
  peek(flow: FlowWindow, onCredit: boolean = false): OutgoingMessage | undefined {
    if (this.sole !== undefined) return this.peekSole(this.sole, flow);
    for (let left = this.occupied; left !== 0;) {
      const index = 31 - Math.clz32(left);
      const large = (index & 1) === 1 && this.isOwed(index - 1) ? index - 1 : -1;
      if (large >= 0) {
        if (this.chooseFrom(large, flow)) return this.message;
        left &= ~(1 << large);
      }
      left &= ~(1 << index);
      if (this.chooseFrom(index, flow)) return onCredit && !this.mayBorrow(this.index) ? undefined : this.message;
    }
    return undefined;
  }

  /** So many bytes of the message that `peek` gave were written; `onCredit`: borrowed from the pace. */
  charge(bytes: number, onCredit: boolean): void {
    const { rank, index } = this;
    if (onCredit) this.borrow(index, bytes);
    if (rank === undefined) return;
    rank.charge(bytes, this.resending);
    if ((index & 1) === 0) {
      rank.owedBytes = Math.max(rank.owedBytes - bytes, 0);
    } else if ((this.occupied & (1 << (index - 1))) !== 0) {
      const large = this.ranks[index - 1] as Rank;
      large.owedBytes = Math.min(large.owedBytes + bytes / SMALL_SHARE, MAX_OWED_BYTES);
    }
  }

  /** The pace is free: nothing is borrowed any more. */
  endCredit(): void {
    this.lent = undefined;
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
    // One that goes in another's turn may wait elsewhere: what was lost is passed over there, what is new is taken out.
    if (this.resending) rank?.of(message)?.endResend(message);
    else this.ranks[message.rank]?.of(message)?.queueOf(message).shift();
  }

  /** The unreliable or sequenced message that is before `message` in its queue; itself when none is. */
  firstBefore(message: OutgoingMessage): OutgoingMessage | undefined {
    if (message === this.sole) return message;
    this.rankSole();
    return this.ranks[message.rank]?.of(message)?.queueOf(message).peek();
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
        if (channel?.isBlocked(credit) === true && !this.isBlockedBelow(index, number, credit)) count += 1;
        channel = next;
      }
    }
    return count;
  }

  /** Whether something of the channel waits for credit. */
  isBlocked(channel: number, credit: SendCredit): boolean {
    const needs = (this.creditNeeds ??= new CreditNeeds());
    if (!needs.knows(channel)) {
      this.rankSole();
      needs.learn(channel, this.ranks);
    }
    const bytes = needs.of(channel);
    return bytes > 0 && !credit.covers(channel, bytes);
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

  private isBlockedBelow(endIndex: number, channel: number, credit: SendCredit): boolean {
    for (let index = 0; index < endIndex; index++) {
      if (this.ranks[index]?.channel(channel)?.isBlocked(credit) === true) return true;
    }
    return false;
  }

  private mayBorrow(index: number): boolean {
    const { lent } = this;
    if ((index & 1) === 1) return true;
    for (let priority = index >> 1; lent !== undefined && priority-- > 0;) {
      if ((lent[priority] as number) > 0) return true;
    }
    return false;
  }

  private borrow(index: number, bytes: number): void {
    const priority = index >> 1;
    if ((index & 1) === 1) {
      this.lent ??= new Array<number>(MAX_PRIORITY + 1).fill(0);
      this.lent[priority] = Math.min((this.lent[priority] as number) + bytes, MAX_LENT_BYTES);
      return;
    }
    let rest = bytes;
    for (let below = 0; below < priority && rest > 0 && this.lent !== undefined; below++) {
      const lent = this.lent[below] as number;
      this.lent[below] = Math.max(lent - rest, 0);
      rest -= lent;
    }
  }

  /** Whether it is the turn of a rank of large messages, which those of its priority that are small come before. */
  private isOwed(index: number): boolean {
    return (this.occupied & (1 << index)) !== 0 && (this.ranks[index] as Rank).owedBytes >= TURN_BYTES;
  }

  /** Whether the rank has something that may go; then that is what `peek` gives. */
  private chooseFrom(index: number, flow: FlowWindow): boolean {
    const rank = this.ranks[index] as Rank;
    let channel = rank.current;
    for (let turns = rank.size; turns > 0; turns--) {
      const { next } = channel as ChannelQueues;
      if (this.choose(rank, channel as ChannelQueues, flow)) {
        // One that goes in the turn of a small one may be large: as such it borrows.
        this.index = this.message?.large === true ? index & ~1 : index;
        return true;
      }
      channel = next;
    }
    if (rank.size === 0) this.occupied &= ~(1 << index);
    return false;
  }

  /** Whether the channel has something that may go. One that has nothing at all leaves the ring. */
  private choose(rank: Rank, channel: ChannelQueues, flow: FlowWindow): boolean {
    const message = channel.peekNext(flow, this.usedUpIds, this.lostRanks);
    if (message === undefined) {
      if (channel.isEmpty) rank.remove(channel);
      return false;
    }
    if (rank.current !== channel) rank.turnTo(channel);
    this.rank = rank;
    this.message = message;
    // Not by where it waits: what it has lost may do so in a higher rank than what of it is new.
    this.resending = message.hasLost;
    // It may start now, or leave: another one is the next to need credit. (One that waits alone is known to nobody.)
    this.creditNeeds?.forget(channel.number);
    return true;
  }

  private peekSole(sole: OutgoingMessage, flow: FlowWindow): OutgoingMessage | undefined {
    this.message = undefined;
    if (sole.finished) {
      this.sole = undefined;
      return undefined;
    }
    if (sole.retransmits && !sole.started) {
      if (this.usedUpIds.holds(sole) || !flow.allows(sole)) return undefined;
    }
    this.message = sole;
    this.rank = undefined;
    this.index = sole.rank;
    this.resending = false;
    return sole;
  }

  /** It is no longer alone, or is looked for where it would be with others. */
  private rankSole(): void {
    const { sole } = this;
    if (sole === undefined) return;
    this.sole = undefined;
    if (!sole.finished) this.enqueue(sole);
    // Others may come while it is being written: `shift` must find it.
    if (sole === this.message) {
      this.index = sole.rank;
      this.rank = this.ranks[this.index];
    }
  }

  private enqueue(message: OutgoingMessage): void {
    this.join(message).queueOf(message).push(message);
  }

  private join(message: OutgoingMessage, index: number = message.rank): ChannelQueues {
    this.occupied |= 1 << index;
    let rank = this.ranks[index];
    if (rank === undefined) {
      rank = new Rank();
      this.ranks[index] = rank;
    }
    return rank.join(message, this.weights);
  }
}
