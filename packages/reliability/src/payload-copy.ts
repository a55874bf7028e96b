import { isBytes } from "@sortie/wire";
import { PayloadChunks } from "./payload-chunks.js";

/** bytes. Payloads of up to this share chunks; larger ones have memory of their own. */
const MAX_POOLED_BYTES = 1024;
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
    if (!isBytes(payload)) throw new TypeError(`"payload" expected a Uint8Array, got ${typeof payload}`);
    // Not slice(): that of a Node Buffer shares its memory.
    this.bytes = new Uint8Array(payload);
  }

  get length(): number {
    return this.bytes.length;
  }
}

/** Takes the copies of payloads; those of messages that wait a moment only, as they are sent once, in common chunks. */
class PayloadPool {
  /** Where the copy lies that was taken last. */
  bytes: Uint8Array = new Uint8Array(0);
  private readonly chunks = new PayloadChunks(false);

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
    const start = this.chunks.reserve(length);
    const { chunk } = this.chunks;
    if (length > LOOP_COPY_BYTES) chunk.set(payload, start);
    else for (let i = 0; i < length; i++) chunk[start + i] = payload[i] as number;
    this.bytes = chunk;
    return start;
  }
}

/** One for all connections of a thread. */
export const payloadPool: PayloadPool = new PayloadPool();
