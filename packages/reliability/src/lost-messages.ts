import type { DeliveryCode } from "@sortie/wire";
import type { OutgoingMessage } from "./outgoing-message.js";

/**
 * Messages of one channel that have lost data, in the order in which they were sent, whenever that was noticed: others
 * wait for the oldest, on ordered channels at the receiver and everywhere for its place in windows. A binary heap: what
 * was lost is mostly noticed in order, and then joins at the end for one comparison; in the worst order it takes twelve
 * for each of the 3 x 1024 messages that may be under way. Nothing new of the channel starts while one waits here, so
 * that it holds no more than these.
 */
export class LostMessages {
  private readonly heap: OutgoingMessage[] = [];

  /** Takes a message that is not in. */
  push(message: OutgoingMessage): void {
    const { heap } = this;
    message.inLostQueue = true;
    let index = heap.length;
    heap.push(message);
    while (index > 0) {
      const up = (index - 1) >>> 1;
      const parent = heap[up] as OutgoingMessage;
      if (parent.order < message.order) break;
      heap[index] = parent;
      index = up;
    }
    heap[index] = message;
  }

  /** The oldest, whether it has lost data still or not. */
  get first(): OutgoingMessage | undefined {
    return this.heap[0];
  }

  /** The oldest. Those that are finished, or whose lost data arrived after all, are passed over. */
  peek(): OutgoingMessage | undefined {
    const { heap } = this;
    while (heap.length > 0) {
      const message = heap[0] as OutgoingMessage;
      if (!message.finished && message.hasLost) return message;
      this.shift();
    }
    return undefined;
  }

  /** Takes out `first`. */
  shift(): void {
    const { heap } = this;
    const last = heap.pop();
    if (last === undefined) return;
    const first = heap[0] ?? last;
    first.inLostQueue = false;
    if (first !== last) this.siftDown(last);
  }

  /** Takes out all of a delivery. */
  take(delivery: DeliveryCode): OutgoingMessage[] {
    const { heap } = this;
    const taken = heap.filter((message) => message.delivery === delivery);
    if (taken.length === 0) return taken;
    const kept = heap.filter((message) => message.delivery !== delivery);
    heap.length = 0;
    for (const message of kept) this.push(message);
    for (const message of taken) message.inLostQueue = false;
    return taken;
  }

  /** Puts the message in the place of the first, or below it. */
  private siftDown(message: OutgoingMessage): void {
    const { heap } = this;
    let index = 0;
    for (;;) {
      let down = index * 2 + 1;
      if (down >= heap.length) break;
      const right = heap[down + 1];
      if (right !== undefined && right.order < (heap[down] as OutgoingMessage).order) down += 1;
      const child = heap[down] as OutgoingMessage;
      if (child.order > message.order) break;
      heap[index] = child;
      index = down;
    }
    heap[index] = message;
  }
}
