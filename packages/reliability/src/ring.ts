/** Slots when something comes first; a power of two. */
const INITIAL_SLOTS = 8;

/** First-in, first-out queue that takes memory when used, grows as needed, and gives much back when it runs empty. */
export class Ring<T extends object> {
  private slots: (T | undefined)[] = [];
  private head = 0;
  private count = 0;

  get length(): number {
    return this.count;
  }

  push(item: T): void {
    if (this.count === this.slots.length) this.grow();
    this.slots[(this.head + this.count) & (this.slots.length - 1)] = item;
    this.count += 1;
  }

  peek(): T | undefined {
    return this.slots[this.head];
  }

  shift(): T | undefined {
    const item = this.slots[this.head];
    if (item === undefined) return undefined;
    this.slots[this.head] = undefined;
    this.head = (this.head + 1) & (this.slots.length - 1);
    this.count -= 1;
    if (this.count === 0 && this.slots.length > INITIAL_SLOTS * 8) this.clear();
    return item;
  }

  clear(): void {
    this.slots = [];
    this.head = 0;
    this.count = 0;
  }

  private grow(): void {
    const { slots, head } = this;
    this.slots = new Array<T | undefined>(Math.max(slots.length * 2, INITIAL_SLOTS));
    for (let i = 0; i < slots.length; i++) this.slots[i] = slots[(head + i) & (slots.length - 1)];
    this.head = 0;
  }
}
