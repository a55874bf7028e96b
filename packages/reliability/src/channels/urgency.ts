import type { OutgoingMessage } from "../outgoing-message.js";
import { MAX_PRIORITY } from "../send-options.js";

/**
 * What is urgent in an ordered channel whose messages differ in priority: the receiver keeps the urgent ones back until
 * all before them have come, so that these are as urgent (priority inheritance; Sha, Rajkumar and Lehoczky, IEEE
 * Transactions on Computers 39(9), 1990). See docs/decisions/0114.
 */
export class Urgency {
  /** By priority, the ID of the message that started last, counted on beyond 65535; -1 before the first. */
  private readonly newestIds: number[] = new Array<number>(MAX_PRIORITY + 1).fill(-1);
  /** No message that waits to be sent again does so at a lower priority. */
  private lowestLost: number;

  /** @param priority of all that started so far */
  constructor(priority: number, newestId: number) {
    this.newestIds[priority] = newestId;
    this.lowestLost = priority;
  }

  /** The message starts. Returns whether others that are to be sent again may wait at a lower priority than it has. */
  onStart({ id, priority }: OutgoingMessage): boolean {
    this.newestIds[priority] = id;
    if (priority <= this.lowestLost) return false;
    this.lowestLost = priority;
    return true;
  }

  /** The message is to be sent again. Returns at what priority: the highest of it and those that started after it. */
  onLost({ id, priority }: OutgoingMessage): number {
    let highest = MAX_PRIORITY;
    while (highest > priority && (this.newestIds[highest] as number) < id) highest -= 1;
    this.lowestLost = Math.min(this.lowestLost, highest);
    return highest;
  }
}
