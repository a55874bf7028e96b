import type { DatagramBatch } from "./datagram-batch.js";

/**
 * Takes what a transport's `send` returned, which should be nothing: one that is an async function, by mistake, throws
 * by rejecting, which would end the process, and the batch would be lost to the pool.
 */
export class PromisedSends {
  readonly #onRejected: (error: unknown) => void;
  /** The last promise for each batch that was not given out again since. No more of them than a pool has batches. */
  readonly #byBatch = new Map<DatagramBatch, unknown>();

  /** @param onRejected hears why a promise was rejected, in a later turn */
  constructor(onRejected: (error: unknown) => void) {
    this.#onRejected = onRejected;
  }

  /** The transport gave this batch out: it has had it back meanwhile. */
  onAcquired(batch: DatagramBatch): void {
    if (this.#byBatch.size > 0) this.#byBatch.delete(batch);
  }

  /** Looks after `returned`, if that is a promise or like one. */
  add(batch: DatagramBatch, returned: unknown): void {
    if (typeof returned !== "object" || returned === null) return;
    const settled = Promise.resolve(returned);
    this.#byBatch.set(batch, settled);
    settled.then(
      () => this.#forget(batch, settled),
      (error: unknown) => {
        if (this.#forget(batch, settled)) giveUp(batch);
        this.#onRejected(error);
      },
    );
  }

  /** Whether nobody else has been given the batch since. */
  #forget(batch: DatagramBatch, settled: unknown): boolean {
    return this.#byBatch.get(batch) === settled && this.#byBatch.delete(batch);
  }
}

/**
 * A batch that a transport failed on: it may have it queued all the same, and send and release it yet, so that nobody
 * else may have it. Its pool gets another one; that of a transport's own making is the transport's.
 */
export function giveUp(batch: DatagramBatch): void {
  try {
    (batch as Partial<DatagramBatch>).abandon?.();
  } catch {
    // Of who waits for a batch. What made `send` fail is reported.
  }
}
