import type { DeadlineHeap } from "./deadline-heap.js";
import type { OutgoingMessage } from "./outgoing-message.js";

/** Messages at which those that are settled are first looked for. */
const FIRST_LOOK = 64;

/**
 * Messages with a deadline given since the last frame of an owner that sends once a frame. Their time begins with the
 * frame that may send them: how long that is in coming was not theirs to choose, and no message would live through a
 * frame longer than its own time. Those without one have theirs anyway from then on; see `LeftOver`.
 */
export class FreshMessages {
  private readonly messages: OutgoingMessage[] = [];
  private readonly deadlines: DeadlineHeap;
  private frameAtMs: number;
  private lookAt: number = FIRST_LOOK;

  /** @param nowMs when the last frame was; messages are given with that time */
  constructor(deadlines: DeadlineHeap, nowMs: number) {
    this.deadlines = deadlines;
    this.frameAtMs = nowMs;
  }

  add(message: OutgoingMessage): void {
    if (this.messages.length >= this.lookAt) this.dropSettled();
    this.messages.push(message);
  }

  /** A frame begins. */
  onFrame(nowMs: number): void {
    const { messages, deadlines } = this;
    const waitedMs = nowMs - this.frameAtMs;
    this.frameAtMs = nowMs;
    if (waitedMs > 0) for (const message of messages) if (!message.finished) deadlines.postpone(message, waitedMs);
    messages.length = 0;
    this.lookAt = FIRST_LOOK;
  }

  /** Who gives messages and has no frames fills the queue, which bounds what is left here. */
  private dropSettled(): void {
    const { messages } = this;
    let kept = 0;
    for (const message of messages) if (!message.finished) messages[kept++] = message;
    messages.length = kept;
    this.lookAt = Math.max(FIRST_LOOK, 2 * kept);
  }
}
