import { describeKind, describeValue } from "@sortie/connection";
import type { RateLimit } from "./prefix-limiter.js";

/** Servers at the most that share a port: 6 of the 16 random bits of a connection ID, which leaves 10. */
const MAX_WORKERS = 64;
/** bytes. */
const COOKIE_KEY_BYTES = 32;

/**
 * A server's place among several that share one port and one identity. What belongs to another one must be kept from
 * it, by its transport: `@sortie/cluster` does, and fills this in. `maxPeers`, `maxHalfOpen`, `handshakesPerSecond`,
 * `handshakesPerPrefix` and `reassemblyBudgetBytes` are then limits of all of them together: each has an equal part.
 */
export interface PortShare {
  /** 0..workers-1: the number that connection IDs of this server carry. */
  readonly worker: number;
  /** 1..64. */
  readonly workers: number;
  /** 32 random bytes that all of them have: one takes the address cookies of another. */
  readonly cookieKey: Uint8Array;
  /** ms. Added to this server's clock for a time that all of them have, 0 or more in sum. */
  readonly clockOffsetMs: number;
}

/** Limits of a whole server. */
export interface SharedLimits {
  readonly maxPeers: number;
  readonly maxHalfOpen: number;
  readonly handshakesPerSecond: number;
  readonly handshakesPerPrefix: RateLimit;
  readonly reassemblyBudgetBytes: number;
}

/** One server's part of limits that are meant for all of them together; at least one of each, else no more in sum. */
export function partOfLimits(limits: SharedLimits, share: Pick<PortShare, "worker" | "workers">): SharedLimits {
  const { worker, workers } = share;
  const { perSecond, burst } = limits.handshakesPerPrefix;
  // The first ones have what cannot be split.
  const partOf = (count: number): number => Math.max(1, Math.floor((count + workers - 1 - worker) / workers));
  return {
    maxPeers: partOf(limits.maxPeers),
    maxHalfOpen: partOf(limits.maxHalfOpen),
    handshakesPerSecond: limits.handshakesPerSecond / workers,
    handshakesPerPrefix: { perSecond: perSecond / workers, burst: Math.max(1, burst / workers) },
    reassemblyBudgetBytes: Math.ceil(limits.reassemblyBudgetBytes / workers),
  };
}

/** Upper bits of a connection ID that name one of `workers` servers. */
export function workerBits(workers: number): number {
  return 32 - Math.clz32(workers - 1);
}

/** Whose a connection ID (unsigned 32-bit) is, by its upper bits: 0..63, and not always one that there is. */
export function workerOf(connectionId: number, workers: number): number {
  const bits = workerBits(workers);
  return bits === 0 ? 0 : connectionId >>> (32 - bits);
}

/** Throws TypeError or RangeError for what is no {@link PortShare}. */
export function checkPortShare(share: PortShare): void {
  if (typeof share !== "object" || share === null) {
    throw new TypeError(`"share" expected an object, got ${describeKind(share)}`);
  }
  const { worker, workers, cookieKey, clockOffsetMs } = share;
  checkInteger("share.workers", workers, 1, MAX_WORKERS);
  checkInteger("share.worker", worker, 0, workers - 1);
  if (!(cookieKey instanceof Uint8Array) || cookieKey.length !== COOKIE_KEY_BYTES) {
    throw new RangeError(`"share.cookieKey" expected ${COOKIE_KEY_BYTES} bytes, got ${describeKind(cookieKey)}`);
  }
  if (!Number.isFinite(clockOffsetMs)) {
    throw new RangeError(`"share.clockOffsetMs" expected a finite number, got ${describeValue(clockOffsetMs)}`);
  }
}

function checkInteger(label: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`"${label}" expected an integer in ${min}..${max}, got ${describeValue(value)}`);
  }
}
