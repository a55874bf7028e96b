import type { OutgoingMessage } from "./outgoing-message.js";

/** Slots to begin with; a power of two. */
const INITIAL_SLOTS = 8;

/** bytes that a turn is worth: at least the largest frame, so that every turn sends something. */
export const TURN_BYTES = 1500;

/**
 * First-in, first-out ring of messages. Messages that finish while they wait are passed over when their turn comes,
 * and swept out before the ring would grow, so that it holds at most twice what is alive.
 */
export class MessageQueue {
  /** bytes that may go before the turn of another queue comes, where queues take turns. */
  turnBytes: number = TURN_BYTES;
  private slots: (OutgoingMessage | undefined)[] = new Array<OutgoingMessage | undefined>(INITIAL_SLOTS);
  private head = 0;
  private count = 0;

  push(message: OutgoingMessage): void {
    if (this.count === this.slots.length) this.makeRoom();
    this.place(this.count, message);
    this.count += 1;
  }

  /** The oldest message that is not finished. */
  peek(): OutgoingMessage | undefined {
    while (this.count > 0) {
      const message = this.slots[this.head] as OutgoingMessage;
      if (!message.finished) return message;
      this.dropHead();
    }
    return undefined;
  }

  /** Takes out what `peek` gives. */
  shift(): OutgoingMessage | undefined {
    const message = this.peek();
    if (message !== undefined) this.dropHead();
    return message;
  }

  /** Gives `next` the place of `previous`, which waits in this queue. */
  replace(previous: OutgoingMessage, next: OutgoingMessage): void {
    this.slots[previous.queueIndex] = next;
    next.queueIndex = previous.queueIndex;
  }

  private dropHead(): void {
    this.slots[this.head] = undefined;
    this.head = (this.head + 1) & (this.slots.length - 1);
    this.count -= 1;
  }

  private makeRoom(): void {
    const { slots, head, count } = this;
    let alive = 0;
    for (const message of slots) if (message !== undefined && !message.finished) alive += 1;
    const size = alive * 2 > slots.length ? slots.length * 2 : slots.length;
    this.slots = new Array<OutgoingMessage | undefined>(size);
    this.head = 0;
    this.count = 0;
    for (let i = 0; i < count; i++) {
      const message = slots[(head + i) & (slots.length - 1)] as OutgoingMessage;
      if (!message.finished) this.place(this.count++, message);
    }
  }

  private place(position: number, message: OutgoingMessage): void {
    const index = (this.head + position) & (this.slots.length - 1);
    this.slots[index] = message;
    message.queueIndex = index;
  }
}
