import { describeValue } from "@sortie/connection";
import type { FlowControl } from "@sortie/reliability";

/** Of a connection. */
const CHANNELS = 256;

/** The channels that a client has paused, for the connection that it has, or will have. */
export class PausedChannels {
  readonly #paused: Set<number> = new Set();

  /**
   * @param flow of the connection, where there is one already
   * @throws RangeError for a channel outside 0..255
   */
  set(channel: number, isPaused: boolean, flow: FlowControl | undefined): void {
    if (!Number.isInteger(channel) || channel < 0 || channel >= CHANNELS) {
      throw new RangeError(`"channel" expected an integer in 0..${CHANNELS - 1}, got ${describeValue(channel)}`);
    }
    if (isPaused) this.#paused.add(channel);
    else this.#paused.delete(channel);
    flow?.setPaused(channel, isPaused);
  }

  /** The connection is there, before anything is read of it. */
  applyTo(flow: FlowControl | undefined): void {
    for (const channel of this.#paused) flow?.setPaused(channel, true);
  }
}
