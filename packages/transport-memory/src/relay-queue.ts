import type { ProxyClient } from "./proxy-client.js";
import { TimeHeap, type Timed } from "./time-heap.js";

/** bytes. What a transport's batches take in one slot. */
export const MAX_RELAYED_BYTES = 1500;

/** A datagram that a proxy holds until its link lets it arrive. Pooled. */
export class HeldDatagram implements Timed {
  atMs = 0;
  sequence = 0;
  heapIndex = -1;
  length = 0;
  client: ProxyClient | undefined = undefined;
  isToTarget = false;
  readonly bytes: Uint8Array = new Uint8Array(MAX_RELAYED_BYTES);
}

/** Datagrams under way in a proxy, earliest arrival first; at most `capacity`. */
export class RelayQueue {
  private readonly capacity: number;
  private readonly heap: TimeHeap<HeldDatagram> = new TimeHeap();
  private readonly idle: HeldDatagram[] = [];

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get size(): number {
    return this.heap.size;
  }

  /** Monotonic ms. Infinity when nothing waits. */
  get nextAtMs(): number {
    return this.heap.first?.atMs ?? Infinity;
  }

  /** Copies a datagram of at most 1500 bytes in; undefined when the queue is full. */
  push(bytes: Uint8Array, client: ProxyClient, isToTarget: boolean, atMs: number): HeldDatagram | undefined {
    if (this.heap.size >= this.capacity) return undefined;
    const held = this.idle.pop() ?? new HeldDatagram();
    held.bytes.set(bytes);
    held.length = bytes.length;
    held.client = client;
    held.isToTarget = isToTarget;
    held.atMs = atMs;
    this.heap.push(held);
    return held;
  }

  /** Takes out the first that is due; the caller gives it back with `release` or `defer`. */
  popDue(nowMs: number): HeldDatagram | undefined {
    const first = this.heap.first;
    if (first === undefined || first.atMs > nowMs) return undefined;
    this.heap.remove(first);
    return first;
  }

  /** Puts one back that could not go yet. */
  defer(held: HeldDatagram, atMs: number): void {
    held.atMs = atMs;
    this.heap.push(held);
  }

  release(held: HeldDatagram): void {
    held.client = undefined;
    this.idle.push(held);
  }

  /** Drops everything, and returns how many that were. */
  clear(): number {
    let dropped = 0;
    for (let held = this.popDue(Infinity); held !== undefined; held = this.popDue(Infinity)) {
      this.release(held);
      dropped += 1;
    }
    return dropped;
  }
}
