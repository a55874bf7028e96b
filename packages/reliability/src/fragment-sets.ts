import type { FragmentSet } from "./fragment-set.js";

/** Never written to: most connections have nothing in pieces, and an empty map takes 200 bytes of each. */
const NO_SETS: Map<number, FragmentSet> = new Map();

/**
 * Sets by key, and in order of creation, which with one fixed lifetime is the order of expiry. The order is a list of
 * its own: a map whose front is asked for steps over all that was deleted there, each time anew.
 */
export class FragmentSets {
  private table: Map<number, FragmentSet> = NO_SETS;
  private first: FragmentSet | undefined = undefined;
  private last: FragmentSet | undefined = undefined;

  get size(): number {
    return this.table.size;
  }

  get oldest(): FragmentSet | undefined {
    return this.first;
  }

  get(key: number): FragmentSet | undefined {
    return this.table.get(key);
  }

  has(key: number): boolean {
    return this.table.has(key);
  }

  /** Adds a set whose key no other has, as the newest. */
  add(set: FragmentSet): void {
    if (this.table === NO_SETS) this.table = new Map();
    this.table.set(set.key, set);
    const { last } = this;
    set.older = last;
    if (last === undefined) this.first = set;
    else last.newer = set;
    this.last = set;
  }

  /** Takes out a set that is in. */
  delete(set: FragmentSet): void {
    const { older, newer } = set;
    this.table.delete(set.key);
    if (older === undefined) this.first = newer;
    else older.newer = newer;
    if (newer === undefined) this.last = older;
    else newer.older = older;
    // A dead set that V8 has not found dead yet would keep its neighbours.
    set.older = set.newer = undefined;
  }

  clear(): void {
    this.table = NO_SETS;
    this.first = this.last = undefined;
  }
}
