import type { SocketAddress } from "./address.js";
import { describeValue } from "./describe-value.js";
import { checkOptionNames } from "./option-names.js";

/** Datagrams in a batch. What one sendmmsg call takes well; 64 of 1500 bytes are under 100 KB. */
const DEFAULT_CAPACITY = 64;
/** bytes. Ethernet's MTU: more than any datagram that Sortie sends. */
const DEFAULT_SLOT_BYTES = 1500;
/** Batches in a pool: 512 datagrams on their way to the operating system. */
const DEFAULT_BATCHES = 8;
/** Datagrams. IOV_MAX and UIO_MAXIOV, the most that one system call takes on Linux. */
const MAX_CAPACITY = 1024;
/** bytes. Largest UDP payload over IPv6 without jumbograms (RFC 8200 section 3, less the 8-byte UDP header). */
const MAX_SLOT_BYTES = 65_527;
/**
 * Abandoned batches that are somewhere yet, for each one of a pool: beyond it there is no other in the place of the
 * next until one of them turns up, released or collected. A transport that keeps what it failed to send would have no
 * end. At the default sizes 100 MB: those that nobody keeps are collected long before.
 */
const MAX_ASTRAY_PER_BATCH = 128;
/** Batches. A bound against mistyped options; at the default sizes this is 100 MB. */
const MAX_BATCHES = 1024;

/** See `checkOptionNames`. */
const BATCH_OPTION_NAMES = {
  capacity: true,
  slotBytes: true,
  onRelease: true,
  onAbandon: true,
} as const satisfies Record<keyof DatagramBatchOptions, true>;
const POOL_OPTION_NAMES = {
  batches: true,
  capacity: true,
  slotBytes: true,
  onAvailable: true,
} as const satisfies Record<keyof BatchPoolOptions, true>;

const EMPTY = new Uint8Array(0);

/** Options of a {@link DatagramBatch}. */
export interface DatagramBatchOptions {
  /** Datagrams, 1..1024. Default 64. */
  readonly capacity?: number | undefined;
  /** bytes, 1..65527: the largest datagram. Default 1500. */
  readonly slotBytes?: number | undefined;
  /**
   * Called by {@link DatagramBatch.release}; a pool takes its batch back here. Also for one that was abandoned, if it
   * is released at last, once: that one must not be used again.
   */
  readonly onRelease?: ((batch: DatagramBatch) => void) | undefined;
  /**
   * Called by {@link DatagramBatch.abandon}; a pool makes another one in its place here. False where it has the batch
   * already, which then stays as it is. Default: nobody can give it up.
   */
  readonly onAbandon?: ((batch: DatagramBatch) => boolean) | undefined;
}

/**
 * Outgoing datagrams, packed one after the other into one buffer and each with its own target, so that a transport
 * may hand all of them to the operating system at once.
 *
 * Fill it with `reserve`, write, `commit`; read it with `count`, `offsets`, `lengths` and `addresses`. The owner
 * passes it on with `DatagramTransport.send` or gives it up with `release`, and does not touch it after that.
 */
export class DatagramBatch {
  /** capacity * slotBytes long. */
  readonly buffer: Uint8Array;
  /** The most datagrams it holds. */
  readonly capacity: number;
  /** bytes. The largest datagram; so much room is there after `reserve`. */
  readonly slotBytes: number;
  /** Datagrams in it. */
  count = 0;
  /** Start of each datagram in `buffer`; valid below `count`. */
  readonly offsets: Int32Array;
  /** bytes. Size of each datagram; valid below `count`. */
  readonly lengths: Int32Array;
  /** Target of each datagram; set below `count`. */
  readonly addresses: (SocketAddress | undefined)[];
  #end = 0;
  #isAbandoned = false;
  #isBack = false;
  readonly #onRelease: ((batch: DatagramBatch) => void) | undefined;
  readonly #onAbandon: ((batch: DatagramBatch) => boolean) | undefined;

  /** Throws RangeError where an option is out of range, TypeError for one that there is not, or of the wrong kind. */
  constructor(options: DatagramBatchOptions = {}) {
    checkOptionNames(options, BATCH_OPTION_NAMES);
    this.capacity = checkInteger("capacity", options.capacity ?? DEFAULT_CAPACITY, MAX_CAPACITY);
    this.slotBytes = checkInteger("slotBytes", options.slotBytes ?? DEFAULT_SLOT_BYTES, MAX_SLOT_BYTES);
    this.buffer = new Uint8Array(this.capacity * this.slotBytes);
    this.offsets = new Int32Array(this.capacity);
    this.lengths = new Int32Array(this.capacity);
    this.addresses = new Array<SocketAddress | undefined>(this.capacity).fill(undefined);
    this.#onRelease = checkFunction("onRelease", options.onRelease);
    this.#onAbandon = checkFunction("onAbandon", options.onAbandon);
  }

  /** Where in `buffer` the next datagram starts, with room for `slotBytes`; -1 when full. Changes nothing. */
  reserve(): number {
    return this.count < this.capacity ? this.#end : -1;
  }

  /**
   * Takes the `length` bytes written at `reserve()` as a datagram to `to`. `length` in 0..slotBytes.
   * Throws RangeError where the batch is full or the length out of range.
   */
  commit(length: number, to: SocketAddress): void {
    if (this.count >= this.capacity) throw new RangeError(`"count" expected room in a batch of ${this.capacity}`);
    if (!Number.isInteger(length) || length < 0 || length > this.slotBytes) {
      throw new RangeError(`"length" expected an integer in 0..${this.slotBytes}, got ${describeValue(length)}`);
    }
    const index = this.count++;
    this.offsets[index] = this.#end;
    this.lengths[index] = length;
    this.addresses[index] = to;
    this.#end += length;
  }

  /** A view of datagram `index`, valid until the batch is cleared or released. RangeError where there is none. */
  payload(index: number): Uint8Array {
    if (!(typeof index === "number" && index >= 0 && index < this.count)) {
      const expected = `expected 0..${this.count - 1} (${this.count} datagrams)`;
      throw new RangeError(`"index" ${expected}, got ${describeValue(index)}`);
    }
    const start = this.offsets[index] as number;
    const length = this.lengths[index] as number;
    return length === 0 ? EMPTY : this.buffer.subarray(start, start + length);
  }

  /** Empties it for use again. */
  clear(): void {
    // Targets are let go, so that a resting batch keeps no address alive.
    for (let i = 0; i < this.count; i++) this.addresses[i] = undefined;
    this.count = 0;
    this.#end = 0;
  }

  /**
   * Empties it and gives it back to its pool, which does not use one again that was abandoned. Throws Error where the
   * pool has it already.
   */
  release(): void {
    this.clear();
    if (this.#isBack) return;
    this.#isBack = this.#isAbandoned;
    this.#onRelease?.(this);
  }

  /**
   * Gives it up where nobody knows whether it is still in use, as after a `send` that threw: its pool has another one
   * instead, and never fills this one again. What is in it stays, for whoever sends it yet. False, and without effect,
   * where it is of no pool that could, where its pool has it, and the second time.
   */
  abandon(): boolean {
    if (this.#isAbandoned || this.#onAbandon === undefined) return false;
    // First: the pool may come back here, by who waits for a batch.
    this.#isAbandoned = true;
    this.#isAbandoned = this.#onAbandon(this);
    return this.#isAbandoned;
  }
}

/** Options of a {@link BatchPool}. */
export interface BatchPoolOptions {
  /** Batches, 1..1024; all are made at once. Default 8. */
  readonly batches?: number | undefined;
  /** Datagrams in each, 1..1024. Default 64. */
  readonly capacity?: number | undefined;
  /** bytes, 1..65527: the largest datagram. Default 1500. */
  readonly slotBytes?: number | undefined;
  /** Called once, inside `release` or `abandon`, when a batch is free again after `acquire` gave none. */
  readonly onAvailable?: (() => void) | undefined;
}

/** A fixed number of batches in use. When all are out, `acquire` gives none: the backpressure of a transport. */
export class BatchPool {
  /** Batches it owns, free or not; one that was abandoned is not among them. */
  readonly size: number;
  readonly #idle: DatagramBatch[] = [];
  readonly #batchOptions: DatagramBatchOptions;
  readonly #onAvailable: (() => void) | undefined;
  #starved = false;
  /** Batches that were abandoned and have not turned up: neither released nor collected. */
  #astray = 0;
  /** Of those, how many nothing took the place of. */
  #missing = 0;
  readonly #strays: WeakSet<DatagramBatch> = new WeakSet();
  readonly #registry: FinalizationRegistry<undefined> = new FinalizationRegistry(() => this.#onFound());

  /** Throws RangeError where an option is out of range, TypeError for one that there is not, or of the wrong kind. */
  constructor(options: BatchPoolOptions = {}) {
    checkOptionNames(options, POOL_OPTION_NAMES);
    this.size = checkInteger("batches", options.batches ?? DEFAULT_BATCHES, MAX_BATCHES);
    this.#onAvailable = checkFunction("onAvailable", options.onAvailable);
    const { capacity = DEFAULT_CAPACITY, slotBytes = DEFAULT_SLOT_BYTES } = options;
    this.#batchOptions = {
      capacity,
      slotBytes,
      onRelease: (batch) => this.#takeBack(batch),
      onAbandon: (batch) => this.#replace(batch),
    };
    for (let i = 0; i < this.size; i++) this.#idle.push(new DatagramBatch(this.#batchOptions));
  }

  /** Batches that `acquire` could give now. Equal to `size` when nothing leaked. */
  get free(): number {
    return this.#idle.length;
  }

  /** An empty batch, or undefined when all are out; `onAvailable` is called when that changes. */
  acquire(): DatagramBatch | undefined {
    const batch = this.#idle.pop();
    if (batch === undefined) this.#starved = true;
    return batch;
  }

  #takeBack(batch: DatagramBatch): void {
    if (this.#strays.delete(batch)) {
      this.#registry.unregister(batch);
      this.#onFound();
      return;
    }
    // A batch that is in the pool twice would have two owners: better loud and now.
    if (this.#idle.includes(batch)) throw new Error(`"batch" expected one that is in use, got one released before`);
    this.#add(batch);
  }

  #replace(batch: DatagramBatch): boolean {
    if (this.#idle.includes(batch)) return false;
    this.#strays.add(batch);
    this.#registry.register(batch, undefined, batch);
    this.#astray += 1;
    if (this.#astray > MAX_ASTRAY_PER_BATCH * this.size) this.#missing += 1;
    else this.#add(new DatagramBatch(this.#batchOptions));
    return true;
  }

  /** An abandoned batch is in nobody's hands any more. */
  #onFound(): void {
    this.#astray -= 1;
    if (this.#missing === 0) return;
    this.#missing -= 1;
    this.#add(new DatagramBatch(this.#batchOptions));
  }

  #add(batch: DatagramBatch): void {
    this.#idle.push(batch);
    if (!this.#starved) return;
    this.#starved = false;
    this.#onAvailable?.();
  }
}

function checkInteger(label: string, value: number, max: number): number {
  if (!Number.isInteger(value) || value < 1 || value > max) {
    throw new RangeError(`"${label}" expected an integer in 1..${max}, got ${describeValue(value)}`);
  }
  return value;
}

/** Throws TypeError: it would else be found missing long after, inside a release. Null is no default. */
function checkFunction<T>(label: string, value: T): T {
  if (value === undefined || typeof value === "function") return value;
  throw new TypeError(`"${label}" expected a function, got ${describeValue(value)}`);
}
