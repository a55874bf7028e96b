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
  /** Tokens of the attempts. */
  tries: number;
  atMs: number;
}

/** Prefixes with a bucket at one time. */
const MAX_PREFIXES = 16_384;
/** Buckets looked at to make room for another: a look at all would be what each prefix of a flood costs. */
const LOOKED_AT = 8;
/**
 * What a prefix may try, where it may take less: five clients that wait repeat their hellos as often. It stays a limit,
 * since whoever tries most often gets each place that comes free.
 */
const TRIES: RateLimit = { perSecond: 20, burst: 60 };

/**
 * A token bucket for each address prefix: /24 for IPv4, /64 for IPv6, what one subscriber or one host of a provider
 * commonly has. Loopback is exempt: nobody sends from there but this machine. Only validated addresses may be asked
 * about, as each takes up memory.
 */
export class PrefixLimiter {
  private readonly limit: RateLimit;
  private readonly tries: RateLimit;
  private readonly buckets: Map<string, Bucket> = new Map();
  /** Goes through the buckets, in the order in which they were made, again and again. */
  private hand: Iterator<[string, Bucket]> = this.buckets.entries();

  constructor(limit: RateLimit) {
    this.limit = limit;
    this.tries = {
      perSecond: Math.max(limit.perSecond, TRIES.perSecond),
      burst: Math.max(limit.burst, TRIES.burst),
    };
  }

  /** Prefixes remembered now. */
  get size(): number {
    return this.buckets.size;
  }

  /**
   * Counts an attempt at an event; false when the prefix has none left to take, or has tried too often. Whoever may not
   * have the event for other reasons than the prefix's does not `take` it.
   */
  attempt(address: SocketAddress, nowMs: number): boolean {
    if (isLoopback(address.bytes)) return true;
    const bucket = this.refilled(prefixKey(address), nowMs);
    if (bucket.tokens < 1 || bucket.tries < 1) return false;
    bucket.tries -= 1;
    return true;
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
    const bucket = this.buckets.get(key);
    if (bucket !== undefined) {
      this.refill(bucket, nowMs);
      return bucket;
    }
    if (this.buckets.size >= MAX_PREFIXES) this.makeRoom(nowMs);
    const fresh = { tokens: this.limit.burst, tries: this.tries.burst, atMs: nowMs };
    this.buckets.set(key, fresh);
    return fresh;
  }

  private refill(bucket: Bucket, nowMs: number): void {
    const { limit, tries } = this;
    const seconds = (nowMs - bucket.atMs) / 1000;
    bucket.tokens = Math.min(limit.burst, bucket.tokens + seconds * limit.perSecond);
    bucket.tries = Math.min(tries.burst, bucket.tries + seconds * tries.perSecond);
    bucket.atMs = nowMs;
  }

  /** Buckets that are full again say nothing, and go; if none is among those looked at, the fullest goes. */
  private makeRoom(nowMs: number): void {
    const { buckets, limit, tries } = this;
    const { size } = buckets;
    let fullest = "";
    let mostTokens = -1;
    for (let i = 0; i < LOOKED_AT; i++) {
      const [key, bucket] = this.nextBucket();
      this.refill(bucket, nowMs);
      if (bucket.tokens >= limit.burst && bucket.tries >= tries.burst) buckets.delete(key);
      else if (bucket.tokens > mostTokens) {
        fullest = key;
        mostTokens = bucket.tokens;
      }
    }
    if (buckets.size === size) buckets.delete(fullest);
  }

  /** Only while there are buckets. */
  private nextBucket(): [string, Bucket] {
    let next = this.hand.next();
    if (next.done === true) {
      this.hand = this.buckets.entries();
      next = this.hand.next();
    }
    return next.value as [string, Bucket];
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
