/** What a {@link TimeHeap} orders. The heap owns `sequence` and `heapIndex`; `atMs` may change only while outside. */
export interface Timed {
  /** Monotonic ms. When it is due. */
  readonly atMs: number;
  /** Order of insertion: decides between equal times. */
  sequence: number;
  /** Place in the heap, -1 while outside. */
  heapIndex: number;
}

/** Binary heap of timed items: earliest first, equal times in the order of insertion. All but `first` is O(log n). */
export class TimeHeap<T extends Timed> {
  private readonly items: T[] = [];
  /** Exact up to 2^53 insertions. */
  private nextSequence = 0;

  get size(): number {
    return this.items.length;
  }

  /** The earliest item, left in place. */
  get first(): T | undefined {
    return this.items[0];
  }

  push(item: T): void {
    item.sequence = this.nextSequence++;
    this.items.push(item);
    this.siftUp(item, this.items.length - 1);
  }

  /** Takes an item out, wherever it is. False when it is not in this heap. */
  remove(item: T): boolean {
    const index = item.heapIndex;
    // The second part: an item of another heap.
    if (index < 0 || this.items[index] !== item) return false;
    item.heapIndex = -1;
    const last = this.items.pop() as T;
    if (last === item) return true;
    const parent = this.items[(index - 1) >> 1];
    if (index > 0 && parent !== undefined && before(last, parent)) this.siftUp(last, index);
    else this.siftDown(last, index);
    return true;
  }

  private siftUp(item: T, from: number): void {
    const { items } = this;
    let index = from;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = items[above] as T;
      if (!before(item, parent)) break;
      items[index] = parent;
      parent.heapIndex = index;
      index = above;
    }
    items[index] = item;
    item.heapIndex = index;
  }

  private siftDown(item: T, from: number): void {
    const { items } = this;
    const count = items.length;
    let index = from;
    for (;;) {
      let below = 2 * index + 1;
      if (below >= count) break;
      if (below + 1 < count && before(items[below + 1] as T, items[below] as T)) below++;
      const child = items[below] as T;
      if (!before(child, item)) break;
      items[index] = child;
      child.heapIndex = index;
      index = below;
    }
    items[index] = item;
    item.heapIndex = index;
  }
}

function before(a: Timed, b: Timed): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence);
}
