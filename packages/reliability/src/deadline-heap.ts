import type { OutgoingMessage } from "./outgoing-message.js";

/** Messages that expire, soonest first: a binary heap in which each message knows its index, so that it can leave. */
export class DeadlineHeap {
  private readonly heap: OutgoingMessage[] = [];

  /** ms; Infinity when nothing expires. */
  nextAt(): number {
    return this.heap[0]?.expiresAtMs ?? Infinity;
  }

  peek(): OutgoingMessage | undefined {
    return this.heap[0];
  }

  push(message: OutgoingMessage): void {
    this.heap.push(message);
    this.siftUp(message, this.heap.length - 1);
  }

  /** Nothing when the message is not in. */
  remove(message: OutgoingMessage): void {
    const index = message.heapIndex;
    if (index < 0) return;
    message.heapIndex = -1;
    const last = this.heap.pop() as OutgoingMessage;
    if (last === message) return;
    this.siftUp(last, index);
    this.siftDown(last, last.heapIndex);
  }

  /** Gives the message the deadline `untilMs`, where it has none that is sooner; Infinity is none. */
  bound(message: OutgoingMessage, untilMs: number): void {
    if (untilMs === Infinity || (message.heapIndex >= 0 && message.expiresAtMs <= untilMs)) return;
    this.remove(message);
    message.expiresAtMs = untilMs;
    this.push(message);
  }

  /** Gives the message `byMs` more, whether it is in or not. */
  postpone(message: OutgoingMessage, byMs: number): void {
    const isIn = message.heapIndex >= 0;
    this.remove(message);
    message.expiresAtMs += byMs;
    if (isIn) this.push(message);
  }

  private siftUp(message: OutgoingMessage, from: number): void {
    const { heap } = this;
    let index = from;
    while (index > 0) {
      const up = (index - 1) >>> 1;
      const parent = heap[up] as OutgoingMessage;
      if (parent.expiresAtMs <= message.expiresAtMs) break;
      heap[index] = parent;
      parent.heapIndex = index;
      index = up;
    }
    heap[index] = message;
    message.heapIndex = index;
  }

  private siftDown(message: OutgoingMessage, from: number): void {
    const { heap } = this;
    let index = from;
    for (;;) {
      let down = index * 2 + 1;
      if (down >= heap.length) break;
      const right = heap[down + 1];
      if (right !== undefined && right.expiresAtMs < (heap[down] as OutgoingMessage).expiresAtMs) down += 1;
      const child = heap[down] as OutgoingMessage;
      if (child.expiresAtMs >= message.expiresAtMs) break;
      heap[index] = child;
      child.heapIndex = index;
      index = down;
    }
    heap[index] = message;
    message.heapIndex = index;
  }
}
