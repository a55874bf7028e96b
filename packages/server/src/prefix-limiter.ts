import type { SocketAddress } from "@sortie/transport";

/** A rate with some slack. */
export interface RateLimit {
  /** Events each second in the long run. */
  readonly perSecond: number;
  /** Events at once after a rest. */
  readonly burst: number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

/** Prefixes with a bucket at one time. Full: buckets that have refilled go first, then the oldest. */
const MAX_PREFIXES = 16_384;

/**
 * A token bucket for each address prefix: /24 for IPv4, /64 for IPv6, what one subscriber or one host of a provider
 * commonly has. Loopback is exempt: nobody sends from there but this machine. Only validated addresses may be asked
 * about, as each takes up memory.
 */
export class PrefixLimiter {
  private readonly limit: RateLimit;
  private readonly buckets: Map<string, Bucket> = new Map();

  constructor(limit: RateLimit) {
    this.limit = limit;
  }

  /** Prefixes remembered now. */
  get size(): number {
    return this.buckets.size;
  }

  /** Takes one event; false when the prefix has none left. */
  take(address: SocketAddress, nowMs: number): boolean {
    if (isLoopback(address.bytes)) return true;
    const key = prefixKey(address);
    const bucket = this.refilled(key, nowMs);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  private refilled(key: string, nowMs: number): Bucket {
    const { perSecond, burst } = this.limit;
    const bucket = this.buckets.get(key);
    if (bucket === undefined) {
      if (this.buckets.size >= MAX_PREFIXES) this.makeRoom(nowMs);
      const fresh = { tokens: burst, atMs: nowMs };
      this.buckets.set(key, fresh);
      return fresh;
    }
    bucket.tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.atMs) * perSecond) / 1000);
    bucket.atMs = nowMs;
    return bucket;
  }

  /** A bucket that is full again says nothing, and may go; if none is, the oldest goes. */
  private makeRoom(nowMs: number): void {
    const { perSecond, burst } = this.limit;
    for (const [key, bucket] of this.buckets) {
      if (bucket.tokens + ((nowMs - bucket.atMs) * perSecond) / 1000 >= burst) this.buckets.delete(key);
    }
    if (this.buckets.size < MAX_PREFIXES) return;
    const oldest = this.buckets.keys().next().value;
    if (oldest !== undefined) this.buckets.delete(oldest);
  }
}

function prefixKey(address: SocketAddress): string {
  const { bytes, family } = address;
  return String.fromCharCode(...bytes.subarray(0, family === 4 ? 15 : 8));
}

function isLoopback(bytes: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false;
  if (bytes[10] === 0xff && bytes[11] === 0xff) return bytes[12] === 127;
  for (let i = 10; i < 15; i++) if (bytes[i] !== 0) return false;
  return bytes[15] === 1;
}
