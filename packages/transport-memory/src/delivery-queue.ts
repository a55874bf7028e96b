import type { SocketAddress } from "@sortie/transport";
import type { LinkSimulator } from "./link.js";
import { TimeHeap, type Timed } from "./time-heap.js";

/** bytes. Smallest storage of a pooled datagram: most game packets fit. */
const MIN_STORAGE_BYTES = 256;
/** bytes. Below this a byte loop is quicker than TypedArray.prototype.set on a fresh subarray. */
const SHORT_COPY_BYTES = 128;

const EMPTY = new Uint8Array(0);

/** A datagram on its way, with its own copy of the bytes. Pooled: never keep one after it was released. */
export class InFlightDatagram implements Timed {
  atMs = 0;
  sequence = 0;
  heapIndex = -1;
  from: SocketAddress | undefined = undefined;
  to: SocketAddress | undefined = undefined;
  /** Links still to pass, see the network. */
  stage = 0;
  sendLink: LinkSimulator | undefined = undefined;
  pathLink: LinkSimulator | undefined = undefined;
  private storage: Uint8Array = EMPTY;
  private view: Uint8Array = EMPTY;

  /** The bytes; valid until the release. */
  get payload(): Uint8Array {
    return this.view;
  }

  /** Copies source[offset, offset + length). */
  write(source: Uint8Array, offset: number, length: number): void {
    if (this.storage.length < length) this.storage = new Uint8Array(storageBytes(length));
    // Datagrams of one size follow each other often: the old view is then right as it is.
    if (this.view.length !== length || this.view.buffer !== this.storage.buffer) {
      this.view = this.storage.subarray(0, length);
    }
    const { storage } = this;
    if (length <= SHORT_COPY_BYTES) for (let i = 0; i < length; i++) storage[i] = source[offset + i] as number;
    else storage.set(source.subarray(offset, offset + length));
  }
}

/**
 * Datagrams in flight, earliest arrival first, those of one instant in the order they were added. Entries and their
 * storage are pooled: in steady state nothing is allocated.
 */
export class DeliveryQueue {
  /** Most datagrams taken at one time. */
  readonly capacity: number;
  private readonly heap: TimeHeap<InFlightDatagram> = new TimeHeap();
  private readonly idle: InFlightDatagram[] = [];
  private taken = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** Datagrams taken and not yet released. */
  get inFlight(): number {
    return this.taken;
  }

  /** Monotonic ms. Infinity when nothing waits. */
  get nextAtMs(): number {
    return this.heap.first?.atMs ?? Infinity;
  }

  /** An entry with a copy of source[offset, offset + length), not yet queued; undefined when `capacity` are out. */
  take(source: Uint8Array, offset: number, length: number): InFlightDatagram | undefined {
    if (this.taken >= this.capacity) return undefined;
    this.taken++;
    const datagram = this.idle.pop() ?? new InFlightDatagram();
    datagram.write(source, offset, length);
    return datagram;
  }

  /** A second entry with the same bytes, addresses and place on the way. */
  copy(original: InFlightDatagram): InFlightDatagram | undefined {
    const twin = this.take(original.payload, 0, original.payload.length);
    if (twin === undefined) return undefined;
    twin.from = original.from;
    twin.to = original.to;
    twin.stage = original.stage;
    twin.sendLink = original.sendLink;
    twin.pathLink = original.pathLink;
    return twin;
  }

  push(datagram: InFlightDatagram, atMs: number): void {
    datagram.atMs = atMs;
    this.heap.push(datagram);
  }

  /** The first entry that is due at `nowMs`, taken out of the queue; the caller releases or pushes it. */
  popDue(nowMs: number): InFlightDatagram | undefined {
    const first = this.heap.first;
    if (first === undefined || first.atMs > nowMs) return undefined;
    this.heap.remove(first);
    return first;
  }

  /** Gives an entry back. */
  release(datagram: InFlightDatagram): void {
    datagram.from = undefined;
    datagram.to = undefined;
    datagram.sendLink = undefined;
    datagram.pathLink = undefined;
    this.taken--;
    this.idle.push(datagram);
  }
}

/** Next power of two: storage grows a few times and then fits for good. */
function storageBytes(length: number): number {
  return Math.max(MIN_STORAGE_BYTES, 2 ** Math.ceil(Math.log2(length)));
}
