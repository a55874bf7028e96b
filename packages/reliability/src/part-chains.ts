import type { OutgoingMessage } from "./outgoing-message.js";

/** Items to begin with. */
const INITIAL_ITEMS = 4;
/** The end of a chain. */
export const NO_PART = -1;

/** An item's words: bytes `[from, to)` of its message, and the next item of the chain. */
const ITEM_WORDS = 3;
const FROM = 0;
const TO = 1;
const NEXT = 2;

/** Sees the message parts of packets that are acknowledged or lost. */
export interface SentItemSink {
  onItem(message: OutgoingMessage, from: number, to: number, packetNumber: number): void;
}

/** Parts of messages that packets carry: a chain for each slot of `SentPackets`, of items in one table. */
export class PartChains {
  /** The first item of each chain. */
  private heads: Int32Array;
  private readonly messages: (OutgoingMessage | undefined)[] = [];
  private items = new Int32Array(INITIAL_ITEMS * ITEM_WORDS);
  private free: number = NO_PART;

  constructor(slots: number) {
    this.heads = new Int32Array(slots).fill(NO_PART);
  }

  /** Adds bytes `[from, to)` of `message` behind the item `last`; `NO_PART`: begins the chain. Returns the new item. */
  add(slot: number, message: OutgoingMessage, from: number, to: number, last: number): number {
    const item = this.take();
    const { items } = this;
    this.messages[item] = message;
    items[item * ITEM_WORDS + FROM] = from;
    items[item * ITEM_WORDS + TO] = to;
    items[item * ITEM_WORDS + NEXT] = NO_PART;
    if (last === NO_PART) this.heads[slot] = item;
    else items[last * ITEM_WORDS + NEXT] = item;
    return item;
  }

  visit(slot: number, packetNumber: number, sink: SentItemSink): void {
    for (let item = this.heads[slot] as number; item !== NO_PART;) {
      const { items } = this;
      const at = item * ITEM_WORDS;
      const next = items[at + NEXT] as number;
      const message = this.messages[item] as OutgoingMessage;
      sink.onItem(message, items[at + FROM] as number, items[at + TO] as number, packetNumber);
      item = next;
    }
  }

  /** There are so many slots from now on, and what was in one is in another. */
  resize(slots: number, slotNow: (slot: number) => number): void {
    const { heads } = this;
    this.heads = new Int32Array(slots).fill(NO_PART);
    for (const [slot, head] of heads.entries()) if (head !== NO_PART) this.heads[slotNow(slot)] = head;
  }

  release(slot: number): void {
    const { heads, items } = this;
    for (let item = heads[slot] as number; item !== NO_PART;) {
      const next = items[item * ITEM_WORDS + NEXT] as number;
      this.messages[item] = undefined;
      items[item * ITEM_WORDS + NEXT] = this.free;
      this.free = item;
      item = next;
    }
    heads[slot] = NO_PART;
  }

  private take(): number {
    const item = this.free;
    if (item !== NO_PART) {
      this.free = this.items[item * ITEM_WORDS + NEXT] as number;
      return item;
    }
    const fresh = this.messages.length;
    this.messages.push(undefined);
    if (this.messages.length * ITEM_WORDS > this.items.length) {
      const { items } = this;
      this.items = new Int32Array(items.length * 2);
      this.items.set(items);
    }
    return fresh;
  }
}
