import { DeliveryCode } from "@sortie/wire";
import type { OutgoingMessage } from "../outgoing-message.js";

/** Below all ranks. */
const NONE = -1;

/**
 * Channels of a mode that resends whose messages may not start, since all IDs that the receiver tells apart are under
 * way; of bestEffort, those that rank no higher than the message which keeps the lowest of them.
 */
export class UsedUpIds {
  private count = 0;
  /** Up to which rank, by delivery code, then by channel; most connections never use up the IDs of any. */
  private ranks: (number[] | undefined)[] | undefined = undefined;
  /** The messages that keep the lowest IDs, where those that wait may rank higher, likewise. */
  private keepers: (OutgoingMessage | undefined)[][] | undefined = undefined;

  holds(message: OutgoingMessage): boolean {
    if (this.count === 0) return false;
    return message.rank <= (this.ranks?.[message.delivery]?.[message.channel] ?? NONE);
  }

  /**
   * What must go for `message`, which `holds` holds back, to start: the message that keeps the lowest ID; undefined
   * when all of that is under way. Of an ordered one only what was lost is urgent: all wait for the rest anyway, from
   * the first that was sent behind it.
   */
  keeperOf(message: OutgoingMessage): OutgoingMessage | undefined {
    const { delivery, channel } = message;
    const keeper = this.keepers?.[delivery]?.[channel];
    if (keeper === undefined || keeper.finished) return undefined;
    return (delivery === DeliveryCode.Ordered ? keeper.hasLost : keeper.hasUnsent) ? keeper : undefined;
  }

  /**
   * The channel was not among them.
   * @param keeper the message with the lowest ID, if what waits may rank higher
   */
  add(delivery: DeliveryCode, channel: number, upToRank: number, keeper?: OutgoingMessage): void {
    this.ranks ??= [];
    this.keepers ??= [];
    (this.ranks[delivery] ??= [])[channel] = upToRank;
    (this.keepers[delivery] ??= [])[channel] = keeper;
    this.count += 1;
  }

  /** The channel was among them. */
  delete(delivery: DeliveryCode, channel: number): void {
    const channels = this.ranks?.[delivery];
    if (channels !== undefined) channels[channel] = NONE;
    const keepers = this.keepers?.[delivery];
    if (keepers !== undefined) keepers[channel] = undefined;
    this.count -= 1;
  }
}
