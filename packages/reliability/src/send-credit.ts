import { channelWindowBytes, connectionWindowBytes, creditCost, creditToStart, isCredited } from "./credit.js";
import type { OutgoingMessage } from "./outgoing-message.js";

/** bytes since the connection began. */
class ChannelCredit {
  used = 0;
  limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }
}

/**
 * Sender's account of what the peer's application will still take: reliable and ordered messages are charged when they
 * start, on their channel and on the connection, against limits that only the peer raises. Both sides count from the
 * beginning, so that no credit is lost with a packet.
 */
export class SendCredit {
  private readonly initialBytes: number;
  private readonly channels: (ChannelCredit | undefined)[] = [];
  private used = 0;
  private limit: number;

  /** @param receiveWindowBytes of the peer */
  constructor(receiveWindowBytes: number) {
    this.initialBytes = channelWindowBytes(receiveWindowBytes);
    this.limit = connectionWindowBytes(receiveWindowBytes);
  }

  /** Whether the message may start as far as credit goes. */
  allows(message: OutgoingMessage): boolean {
    return !isCredited(message.delivery) || this.has(message.channel, message.totalBytes, message.large);
  }

  /** Whether a message that is charged may start now. `large`: it does not fit a packet. */
  has(channel: number, payloadBytes: number, large: boolean): boolean {
    return this.covers(channel, creditToStart(payloadBytes, large));
  }

  /** Whether so many bytes are left on the channel and on the connection. */
  covers(channel: number, bytes: number): boolean {
    if (this.used + bytes > this.limit) return false;
    const credit = this.channels[channel];
    return credit === undefined ? bytes <= this.initialBytes : credit.used + bytes <= credit.limit;
  }

  charge(message: OutgoingMessage): void {
    if (!isCredited(message.delivery)) return;
    const cost = creditCost(message.totalBytes);
    this.used += cost;
    this.of(message.channel).used += cost;
  }

  /** Takes the peer's limits; lower ones than before are old news and change nothing. */
  onCredit(channel: number, channelLimitBytes: number, connectionLimitBytes: number): void {
    this.limit = Math.max(this.limit, connectionLimitBytes);
    const credit = this.of(channel);
    credit.limit = Math.max(credit.limit, channelLimitBytes);
  }

  private of(channel: number): ChannelCredit {
    let credit = this.channels[channel];
    if (credit === undefined) {
      credit = new ChannelCredit(this.initialBytes);
      this.channels[channel] = credit;
    }
    return credit;
  }
}
