/** Random numbers from a seed (Mulberry32): quick, and none of the sources under test, whose counters it would move. */
export class Random {
  private state: number;

  /** @param seed 0..2^32-1 */
  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  u32(): number {
    this.state = (this.state + 0x6d2b_79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** 0..limit-1; 0 when the limit is below 2. */
  below(limit: number): number {
    return limit < 2 ? 0 : Math.floor((this.u32() / 2 ** 32) * limit);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}
