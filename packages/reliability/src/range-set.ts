/**
 * A set of integers kept as sorted, disjoint, half-open ranges that do not touch: pieces of a message that are lost,
 * acknowledged or received. Two parallel arrays; at the end it grows without moving anything, elsewhere by binary
 * search and one move of the tail.
 */
export class RangeSet {
  private readonly froms: number[] = [];
  private readonly tos: number[] = [];
  private members = 0;

  get isEmpty(): boolean {
    return this.tos.length === 0;
  }

  /** Ranges it takes to describe the set. */
  get count(): number {
    return this.tos.length;
  }

  /** Ranges it would take with `[from, to)`, which is not empty, in as well. */
  countWith(from: number, to: number): number {
    const { froms, tos } = this;
    const first = this.indexOfEndAtLeast(from);
    let end = first;
    while (end < tos.length && (froms[end] as number) <= to) end += 1;
    return tos.length - (end - first) + 1;
  }

  /** Members of all ranges together. */
  get total(): number {
    return this.members;
  }

  /** Start of the lowest range; -1 when the set is empty. */
  get firstFrom(): number {
    return this.froms[0] ?? -1;
  }

  /** End (exclusive) of the lowest range; -1 when the set is empty. */
  get firstTo(): number {
    return this.tos[0] ?? -1;
  }

  /** Puts `[from, to)` in; nothing when it is empty. Returns how many members are new. */
  add(from: number, to: number): number {
    if (to <= from) return 0;
    const { froms, tos } = this;
    // Ranges [first, end) overlap or touch the new one and become one with it.
    const first = this.indexOfEndAtLeast(from);
    let end = first;
    let merged = 0;
    for (; end < tos.length && (froms[end] as number) <= to; end++) {
      merged += (tos[end] as number) - (froms[end] as number);
    }
    if (end === first) {
      insert(froms, first, from);
      insert(tos, first, to);
      this.members += to - from;
      return to - from;
    }
    const low = Math.min(from, froms[first] as number);
    const high = Math.max(to, tos[end - 1] as number);
    froms[first] = low;
    tos[first] = high;
    this.drop(first + 1, end);
    const gained = high - low - merged;
    this.members += gained;
    return gained;
  }

  /** Takes `[from, to)` out. Returns how many members went. */
  remove(from: number, to: number): number {
    if (to <= from) return 0;
    const { froms, tos } = this;
    const before = this.members;
    let first = this.indexOfEndAtLeast(from + 1);
    const startsBefore = first < tos.length && (froms[first] as number) < from;
    if (startsBefore) {
      const high = tos[first] as number;
      tos[first] = from;
      first += 1;
      if (high > to) {
        insert(froms, first, to);
        insert(tos, first, high);
        this.members -= to - from;
        return to - from;
      }
      this.members -= high - from;
    }
    let end = first;
    for (; end < tos.length && (tos[end] as number) <= to; end++) {
      this.members -= (tos[end] as number) - (froms[end] as number);
    }
    if (end < tos.length && (froms[end] as number) < to) {
      this.members -= to - (froms[end] as number);
      froms[end] = to;
    }
    this.drop(first, end);
    return before - this.members;
  }

  /** Whether all of `[from, to)` is in; true when it is empty. */
  contains(from: number, to: number): boolean {
    return to <= from || this.nextAbsent(from) >= to;
  }

  /** Lowest number at or above `at` that is not in. */
  nextAbsent(at: number): number {
    const index = this.indexOfEndAtLeast(at + 1);
    const from = this.froms[index];
    return from !== undefined && from <= at ? (this.tos[index] as number) : at;
  }

  /** Lowest number at or above `at` that is in; Infinity when there is none. */
  nextPresent(at: number): number {
    const from = this.froms[this.indexOfEndAtLeast(at + 1)];
    return from === undefined ? Infinity : Math.max(from, at);
  }

  clear(): void {
    this.froms.length = 0;
    this.tos.length = 0;
    this.members = 0;
  }

  /** Index of the lowest range whose end is at or above `value`; the number of ranges when there is none. */
  private indexOfEndAtLeast(value: number): number {
    const { tos } = this;
    let high = tos.length;
    // Most work happens at the end: what comes in order lies behind or at the edge of the last range.
    if (high === 0 || (tos[high - 1] as number) < value) return high;
    let low = 0;
    high -= 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((tos[middle] as number) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Takes the ranges with index `[first, end)` out. */
  private drop(first: number, end: number): void {
    if (end <= first) return;
    this.froms.splice(first, end - first);
    this.tos.splice(first, end - first);
  }
}

function insert(list: number[], index: number, value: number): void {
  if (index === list.length) list.push(value);
  else list.splice(index, 0, value);
}
