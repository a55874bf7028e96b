/** bytes. Allocating is rare so, and what one straggler keeps alive is little. */
const CHUNK_BYTES: number = 16 * 1024;
/** bytes. Copies start at multiples of it, so that numbers of any size can be read in place. */
const ALIGNMENT_BYTES = 8;

/** What this code wants of the host: there in Node from 20.16 on. */
interface Host {
  readonly process?: {
    getBuiltinModule?(id: string): { markAsUntransferable?(object: object): void } | undefined;
  };
}

/**
 * Memory for payloads, one after the other in chunks: an array of its own costs several times the bytes of most of
 * them, and above 64 bytes, where V8 asks the C library for it, half a microsecond and more. A chunk is collected once
 * nobody has any of it; it is never used again, so that nothing in it is overwritten.
 */
export class PayloadChunks {
  /** The one in use. */
  chunk: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  /** Of all of it. */
  view: DataView = new DataView(this.chunk.buffer);
  private used = 0;
  private readonly isGivenOut: boolean;

  /** @param isGivenOut whether the application gets views of the chunks */
  constructor(isGivenOut: boolean) {
    this.isGivenOut = isGivenOut;
  }

  /** Where the next `length` bytes (at most 16 KiB) may be written in `chunk`, a new one if need be. */
  reserve(length: number): number {
    // The first one has no bytes, and neither has one that was transferred all the same.
    if (this.used + length > this.chunk.length || this.chunk.length === 0) this.renew();
    const start = this.used;
    this.used = (start + length + ALIGNMENT_BYTES - 1) & -ALIGNMENT_BYTES;
    return start;
  }

  private renew(): void {
    this.chunk = new Uint8Array(CHUNK_BYTES);
    this.view = new DataView(this.chunk.buffer);
    this.used = 0;
    if (this.isGivenOut) keepFromTransfer(this.chunk.buffer);
  }
}

/** Who transfers a payload's memory to a worker would take that of other messages along: Node refuses it, or copies. */
function keepFromTransfer(buffer: ArrayBuffer): void {
  (globalThis as Host).process?.getBuiltinModule?.("node:worker_threads")?.markAsUntransferable?.(buffer);
}
