import type { ConnectError } from "./connect-error.js";

/**
 * ms. CONNECT goes every 250 ms and is acknowledged each time: a server that has said nothing for so long, but answers
 * that it knows no such connection, has restarted.
 */
const UNKNOWN_AFTER_MS = 1000;

/** ms for whoever is at the address of a server that shuts down: another worker of its cluster answers at once. */
export const ELSEWHERE_MS = 1000;

/**
 * When an attempt that has keys already begins anew, with another hello: the server restarted, and no repetition of
 * CONNECT will reach anybody; or it shuts down, where behind its address others may go on.
 */
export class FreshStart {
  /** What a server said that shut down in the middle of the attempt: counts if nobody else lets us in. */
  turnedAway: ConnectError | undefined;
  /** ms. */
  private heardAtMs = -Infinity;

  /** An authentic packet came, or the keys were agreed on. */
  onHeard(nowMs: number): void {
    this.heardAtMs = nowMs;
  }

  /** Whether an answer that the connection is not known is to be believed, though nothing proves it. */
  isUnknown(nowMs: number): boolean {
    return nowMs - this.heardAtMs >= UNKNOWN_AFTER_MS;
  }

  /** What an attempt fails with: nobody else at that address has said anything of more use. */
  errorOf(error: ConnectError): ConnectError {
    const saysLess = error.code === "rejected" || error.code === "timeout";
    return saysLess ? (this.turnedAway ?? error) : error;
  }
}
