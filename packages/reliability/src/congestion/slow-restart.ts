import { MIN_DATAGRAM_BYTES } from "@sortie/wire";
import { INITIAL_WINDOW_BYTES } from "./paced-options.js";

/** bytes. BBR's minimum pipe: enough that acknowledgements keep coming. */
export const MIN_WINDOW_BYTES: number = 4 * MIN_DATAGRAM_BYTES;

/**
 * Bound of what may be in flight after nearly all was lost: what arrived, and from then on as much more as arrives.
 *
 * It stands beside the window by the model, which is a rate times a time. A rate says how quickly packets arrive; of a
 * few on a short path that is quick, whatever became of the others. One packet of a burst, acknowledged after a
 * twentieth of a millisecond, is 20 MB/s, and the next burst of a server with ticks would be 16 ms of that. Counting
 * bytes bounds what is sent for what arrives, as in the slow start of RFC 5681.
 */
export class SlowRestart {
  private limit = Infinity;

  /** bytes; Infinity until nearly all was lost once. */
  get windowBytes(): number {
    return this.limit;
  }

  /**
   * bytes that small messages may be in flight beyond the window, of the `bytes` that they may else: as much as the
   * bound has grown, and a datagram at the least, as they are what a game lives by.
   */
  reserve(bytes: number): number {
    return Math.min(bytes, Math.max(this.limit - MIN_WINDOW_BYTES, MIN_DATAGRAM_BYTES));
  }

  /** bytes arrived. It counts too what the window by the model has no use for now: that may leap at any time. */
  onArrived(bytes: number): void {
    this.limit += bytes;
  }

  /** Nearly all was lost but `arrivedBytes`. */
  begin(arrivedBytes: number): void {
    this.limit = Math.min(this.limit, Math.max(arrivedBytes, MIN_WINDOW_BYTES));
  }

  /** The path is another. It may be as good as any, but who changes paths at will must not gain by it. */
  onPathChanged(): void {
    this.limit = Math.max(this.limit, INITIAL_WINDOW_BYTES);
  }
}
