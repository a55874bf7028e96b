import type { Rank } from "./rank.js";
import { CHANNELS } from "./send-options.js";

/** In place of bytes: to be looked up. */
const UNKNOWN = -1;

/**
 * Of each channel, what credit must be there for nothing of it to wait for credit: `ChannelQueues.creditNeed` in all
 * ranks. Every send into a full queue asks it of all channels; it is looked up again only where messages have come or
 * may have started, so that a refusal costs the same however many ranks, channels and modes have something.
 */
export class CreditNeeds {
  /** By channel. */
  private readonly bytes: Float64Array = new Float64Array(CHANNELS).fill(UNKNOWN);

  knows(channel: number): boolean {
    return this.bytes[channel] !== UNKNOWN;
  }

  /** bytes; 0: nothing of the channel takes any. To be asked of what it knows. */
  of(channel: number): number {
    return this.bytes[channel] as number;
  }

  learn(channel: number, ranks: readonly (Rank | undefined)[]): void {
    let most = 0;
    for (const rank of ranks) most = Math.max(most, rank?.channel(channel)?.creditNeed ?? 0);
    this.bytes[channel] = most;
  }

  forget(channel: number): void {
    this.bytes[channel] = UNKNOWN;
  }
}
