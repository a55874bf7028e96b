/**
 * Seeded generator of the simulation: Mulberry32 (Tommy Ettinger, public domain), 32 bits of state. The same seed
 * gives the same world. Nothing that must be secret may come from it.
 */
export class SeededRandom {
  private state: number;

  /** @param seed - any 32-bit integer; higher bits are dropped. */
  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** An unsigned 32-bit integer. */
  nextU32(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** A number in [0, 1). */
  next(): number {
    return this.nextU32() / 0x1_0000_0000;
  }

  /** A number in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }
}
