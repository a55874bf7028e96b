import type { DeliveryCode } from "@sortie/wire";
import type { OutgoingMessage } from "../outgoing-message.js";

/** Below all ranks. */
const NONE = -1;

/**
 * Channels of a mode, reliable or bestEffort, whose messages may not start, since all IDs that the receiver tells apart
 * are under way; of bestEffort, those that rank no higher than the message which keeps the lowest of them.
 */
export class UsedUpIds {
  private count = 0;
  /** Up to which rank, by delivery code, then by channel; most connections never use up the IDs of any. */
  private ranks: (number[] | undefined)[] | undefined = undefined;

  holds(message: OutgoingMessage): boolean {
    if (this.count === 0) return false;
    return message.rank <= (this.ranks?.[message.delivery]?.[message.channel] ?? NONE);
  }

  /** The channel was not among them. */
  add(delivery: DeliveryCode, channel: number, upToRank: number): void {
    this.ranks ??= [];
    (this.ranks[delivery] ??= [])[channel] = upToRank;
    this.count += 1;
  }

  /** The channel was among them. */
  delete(delivery: DeliveryCode, channel: number): void {
    const channels = this.ranks?.[delivery];
    if (channels !== undefined) channels[channel] = NONE;
    this.count -= 1;
  }
}
