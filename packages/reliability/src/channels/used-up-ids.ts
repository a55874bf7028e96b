import type { DeliveryCode } from "@sortie/wire";

/**
 * Channels of a mode, reliable or bestEffort, whose messages may not start, since all IDs that the receiver tells apart
 * are under way.
 */
export class UsedUpIds {
  private count = 0;
  /** By delivery code, then by channel; most connections never use up the IDs of any. */
  private flags: (boolean[] | undefined)[] | undefined = undefined;

  has(delivery: DeliveryCode, channel: number): boolean {
    return this.count > 0 && this.flags?.[delivery]?.[channel] === true;
  }

  /** The channel was not among them. */
  add(delivery: DeliveryCode, channel: number): void {
    this.flags ??= [];
    (this.flags[delivery] ??= [])[channel] = true;
    this.count += 1;
  }

  /** The channel was among them. */
  delete(delivery: DeliveryCode, channel: number): void {
    const channels = this.flags?.[delivery];
    if (channels !== undefined) channels[channel] = false;
    this.count -= 1;
  }
}
