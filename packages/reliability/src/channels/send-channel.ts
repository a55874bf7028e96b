import { MessageQueue } from "../message-queue.js";
import type { OutgoingMessage } from "../outgoing-message.js";

/**
 * Sending side of one channel in one mode: gives messages their IDs as they start, and says when another may be
 * scheduled. Those that may not yet wait here, in order.
 */
export abstract class SendChannel {
  /** ID of the next message that starts, counted on beyond 65535. */
  protected nextId: number;
  private waitingMessages: MessageQueue | undefined = undefined;

  constructor(firstId: number) {
    this.nextId = firstId;
  }

  /** Messages that may not be scheduled yet. */
  get waiting(): MessageQueue {
    this.waitingMessages ??= new MessageQueue();
    return this.waitingMessages;
  }

  get hasWaiting(): boolean {
    return this.waitingMessages?.peek() !== undefined;
  }

  /** Whether one more message may be scheduled. */
  maySchedule(): boolean {
    return true;
  }

  /** `message` is handed to the scheduler. */
  onScheduled(_message: OutgoingMessage): void {}

  /** `message` is about to be written for the first time, `whole` or in pieces: sets its ID. */
  onStart(message: OutgoingMessage, _whole: boolean): void {
    message.id = this.nextId;
    this.nextId += 1;
  }

  /** `message`, which is resent, has lost data. Returns the priority (0..7) at which that goes again. */
  resendPriority(message: OutgoingMessage): number {
    return message.priority;
  }

  /** All of `message` has arrived, in time or not; its outcome, where it has none yet, comes next. */
  onAcked(_message: OutgoingMessage): void {}

  /** The connection has ended, and every message has its outcome. */
  close(): void {}

  /** `message`, scheduled before, has its outcome. */
  onFinish(_message: OutgoingMessage): void {}
}
