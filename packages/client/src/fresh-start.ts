import type { ConnectError } from "./connect-error.js";

/**
 * ms. CONNECT goes every 250 ms and is acknowledged each time: a server that has said nothing for so long, but answers
 * that it knows no such connection, has restarted.
 */
const UNKNOWN_AFTER_MS = 1000;

/** ms for whoever is at the address of a server that shuts down: another worker of its cluster answers at once. */
const ELSEWHERE_MS = 1000;

/**
 * When an attempt that has keys already begins anew, with another hello: the server restarted, and no repetition of
 * CONNECT will reach anybody; or it shuts down, where behind its address others may go on.
 */
export class FreshStart {
  /** What a server said that shut down in the middle of the attempt, until another one is found. */
  private turnedAway: ConnectError | undefined;
  /** Whether that has happened: it does once. */
  private isSpent = false;
  /** ms. */
  private heardAtMs = -Infinity;

  /** An authentic packet came. */
  onHeard(nowMs: number): void {
    this.heardAtMs = nowMs;
  }

  /** A server agreed on keys: what it says counts, and no longer what the one before said. */
  onKeys(nowMs: number): void {
    this.heardAtMs = nowMs;
    this.turnedAway = undefined;
  }

  /** Whether an answer that the connection is not known is to be believed, though nothing proves it. */
  isUnknown(nowMs: number): boolean {
    return nowMs - this.heardAtMs >= UNKNOWN_AFTER_MS;
  }

  /** The server shuts down, and `error` says so. True where others are asked, which they are once. */
  turnAway(error: ConnectError): boolean {
    if (this.isSpent) return false;
    this.isSpent = true;
    this.turnedAway = error;
    return true;
  }

  /** Whether another server is asked than the one that shut down, and has agreed on nothing yet. */
  get isElsewhere(): boolean {
    return this.turnedAway !== undefined;
  }

  /** ms. Until when its next word is waited for. */
  deadlineMs(nowMs: number): number {
    return nowMs + ELSEWHERE_MS;
  }

  /** What an attempt fails with: where nobody else has said anything of more use, by the words of the first. */
  errorOf(error: ConnectError): ConnectError {
    const saysLess = error.code === "rejected" || error.code === "timeout";
    return saysLess ? (this.turnedAway ?? error) : error;
  }
}
