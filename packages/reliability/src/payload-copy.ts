/** bytes. Payloads of up to this share chunks; larger ones have memory of their own. */
const MAX_POOLED_BYTES = 1024;
/** bytes. Sixteen of the largest: allocating is rare, and what one straggler keeps alive is little. */
const CHUNK_BYTES: number = 16 * 1024;
/** bytes. Up to this a loop copies quicker than `set`. */
const LOOP_COPY_BYTES = 24;

/**
 * The bytes of one message that is sent to several peers: copied once, read by all of their connections, and never
 * written again.
 */
export class SharedPayload {
  readonly bytes: Uint8Array;

  /** Copies `payload`. Throws TypeError unless it is a Uint8Array. */
  constructor(payload: Uint8Array) {
    if (!(payload instanceof Uint8Array)) throw new TypeError(`"payload" expected a Uint8Array, got ${typeof payload}`);
    // Not slice(): that of a Node Buffer shares its memory.
    this.bytes = new Uint8Array(payload);
  }

  get length(): number {
    return this.bytes.length;
  }
}

/**
 * Takes the copies of payloads. Those of messages that wait a moment, as they are sent once, lie one after the other in
 * common chunks: an array of its own costs a message several times its bytes. A chunk is collected once none of its
 * messages waits any more; it is never used again, so that no copy is ever overwritten.
 */
class PayloadPool {
  /** Where the copy lies that was taken last. */
  bytes: Uint8Array = new Uint8Array(0);
  private chunk: Uint8Array = new Uint8Array(0);
  private used = 0;

  /** Copies `payload`, unless it is a copy already. Returns where the copy starts in `bytes`. */
  take(payload: Uint8Array | SharedPayload, isShortLived: boolean): number {
    const { length } = payload;
    if (payload instanceof SharedPayload) {
      this.bytes = payload.bytes;
      return 0;
    }
    if (!isShortLived || length > MAX_POOLED_BYTES) {
      this.bytes = new Uint8Array(payload);
      return 0;
    }
    if (this.used + length > this.chunk.length) {
      this.chunk = new Uint8Array(CHUNK_BYTES);
      this.used = 0;
    }
    const { chunk, used } = this;
    if (length > LOOP_COPY_BYTES) chunk.set(payload, used);
    else for (let i = 0; i < length; i++) chunk[used + i] = payload[i] as number;
    this.used = used + length;
    this.bytes = chunk;
    return used;
  }
}

/** One for all connections of a thread. */
export const payloadPool: PayloadPool = new PayloadPool();
