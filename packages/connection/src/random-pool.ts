/** bytes fetched at a time. */
const POOL_BYTES = 1024;

/** Where random bytes come from; throws when its generator fails. */
export interface RandomSource {
  randomBytes(length: number): Uint8Array;
}

/** Random numbers of 32 bits from a provider, fetched in bulk: a call for each would cost more than a packet. */
export class RandomPool {
  private pool: Uint8Array = new Uint8Array(0);
  private offset = 0;
  private readonly source: RandomSource;

  constructor(source: RandomSource) {
    this.source = source;
  }

  /** Unsigned 32-bit number. */
  u32(): number {
    if (this.offset + 4 > this.pool.length) {
      this.pool = this.source.randomBytes(POOL_BYTES);
      this.offset = 0;
    }
    const { pool, offset } = this;
    this.offset += 4;
    const high = ((pool[offset] as number) << 24) | ((pool[offset + 1] as number) << 16);
    const low = ((pool[offset + 2] as number) << 8) | (pool[offset + 3] as number);
    return (high | low) >>> 0;
  }
}
