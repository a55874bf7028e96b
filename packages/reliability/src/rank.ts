import { ChannelQueues } from "./channel-queues.js";
import { TURN_BYTES } from "./message-queue.js";
import type { OutgoingMessage } from "./outgoing-message.js";

/**
 * Channels of one rank in a ring, each served in turn by deficit round robin (Shreedhar and Varghese, SIGCOMM 1995),
 * in the form where a turn may overdraw and the next one pays.
 */
export class Rank {
  /** Whose turn it is. */
  current: ChannelQueues | undefined = undefined;
  /** Channels in the ring. */
  size = 0;
  /** bytes that small messages of the priority have gone ahead of these, if they are large, and owe them. */
  owedBytes = 0;
  private readonly channels: (ChannelQueues | undefined)[] = [];

  of(message: OutgoingMessage): ChannelQueues | undefined {
    return this.channels[message.channel];
  }

  /** The channel of a number, if the rank has ever had something of it. */
  channel(number: number): ChannelQueues | undefined {
    return this.channels[number];
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
    if (this.size === 0) {
      this.current = undefined;
      this.owedBytes = 0;
    } else if (this.current === channel) this.turnTo(next);
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

  /** The oldest message of all channels, in the order of sends, that waits to be sent again. */
  oldestLost(): OutgoingMessage | undefined {
    let oldest: OutgoingMessage | undefined;
    let channel = this.current;
    for (let left = this.size; left > 0; left--) {
      const message = channel?.peekLost();
      if (message !== undefined && (oldest === undefined || message.order < oldest.order)) oldest = message;
      channel = channel?.next;
    }
    return oldest;
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
