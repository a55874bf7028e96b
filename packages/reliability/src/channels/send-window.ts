import { ID_WINDOW } from "../id-window.js";
import type { OutgoingMessage } from "../outgoing-message.js";

/** Slots to begin with; a power of two. */
const INITIAL_SLOTS = 8;

/**
 * Messages of a channel by ID, from the lowest that is not finished to the newest that started: at most 1024, since
 * the receiver tells no more apart.
 */
export class SendWindow {
  private slots: (OutgoingMessage | undefined)[] = new Array<OutgoingMessage | undefined>(INITIAL_SLOTS);
  private head = 0;
  private count = 0;

  /** IDs from the lowest unfinished to the newest. */
  get span(): number {
    return this.count;
  }

  get isFull(): boolean {
    return this.count >= ID_WINDOW;
  }

  get lowest(): OutgoingMessage | undefined {
    return this.slots[this.head];
  }

  /** Adds the message with the ID after the newest; the window is not full. */
  push(message: OutgoingMessage): void {
    if (this.count === this.slots.length) this.grow();
    this.slots[(this.head + this.count) & (this.slots.length - 1)] = message;
    this.count += 1;
  }

  /** Takes out the lowest message if it is finished. */
  shiftFinished(): OutgoingMessage | undefined {
    const message = this.slots[this.head];
    if (message === undefined || !message.finished) return undefined;
    this.slots[this.head] = undefined;
    this.head = (this.head + 1) & (this.slots.length - 1);
    this.count -= 1;
    return message;
  }

  /** Shows all, the lowest first. */
  forEach(visit: (message: OutgoingMessage) => void): void {
    const { slots, head, count } = this;
    for (let i = 0; i < count; i++) visit(slots[(head + i) & (slots.length - 1)] as OutgoingMessage);
  }

  private grow(): void {
    const { slots, head } = this;
    this.slots = new Array<OutgoingMessage | undefined>(slots.length * 2);
    for (let i = 0; i < slots.length; i++) this.slots[i] = slots[(head + i) & (slots.length - 1)];
    this.head = 0;
  }
}
