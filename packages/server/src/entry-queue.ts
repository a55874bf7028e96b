import type { ConnectionEntry } from "./connection-table.js";

/** Slots to begin with; a power of two. */
const INITIAL_SLOTS = 64;

/**
 * Connections that wait for something, first in, first out. Its memory stays, a few words for each connection that
 * there ever was at once: every tick fills it again, and an array that is emptied would grow anew each time.
 */
export class EntryQueue {
  private slots: (ConnectionEntry | undefined)[] = new Array<undefined>(INITIAL_SLOTS).fill(undefined);
  private head = 0;
  private count = 0;

  get size(): number {
    return this.count;
  }

  push(entry: ConnectionEntry): void {
    if (this.count === this.slots.length) this.grow();
    this.slots[(this.head + this.count) & (this.slots.length - 1)] = entry;
    this.count += 1;
  }

  /** The one that waits longest; it stays. */
  peek(): ConnectionEntry | undefined {
    return this.slots[this.head];
  }

  /** The one behind `index` others, 0..size-1; it stays. */
  at(index: number): ConnectionEntry {
    return this.slots[(this.head + index) & (this.slots.length - 1)] as ConnectionEntry;
  }

  /** Takes the one that waits longest. */
  shift(): ConnectionEntry | undefined {
    const entry = this.slots[this.head];
    if (entry === undefined) return undefined;
    // Let go, so that a resting queue keeps no connection alive.
    this.slots[this.head] = undefined;
    this.head = (this.head + 1) & (this.slots.length - 1);
    this.count -= 1;
    return entry;
  }

  /** Puts the `count` that wait longest behind the others, in the same order. */
  rotate(count: number): void {
    for (let left = count; left > 0; left--) this.push(this.shift() as ConnectionEntry);
  }

  private grow(): void {
    const { slots, head } = this;
    this.slots = new Array<undefined>(slots.length * 2).fill(undefined);
    for (let i = 0; i < slots.length; i++) this.slots[i] = slots[(head + i) & (slots.length - 1)];
    this.head = 0;
  }
}
