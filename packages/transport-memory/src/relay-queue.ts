import type { DatagramTransport } from "@sortie/transport";
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

/**
 * Datagrams under way in a proxy, earliest arrival first, and those that arrived and wait for their socket; at most
 * `capacity` of both together.
 */
export class RelayQueue {
  private readonly capacity: number;
  private readonly heap: TimeHeap<HeldDatagram> = new TimeHeap();
  private readonly idle: HeldDatagram[] = [];
  /** In the order in which they are to be sent; no entry for a socket that nothing waits for. */
  private readonly waiting: Map<DatagramTransport, TimeHeap<HeldDatagram>> = new Map();
  private waitingCount = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get size(): number {
    return this.heap.size + this.waitingCount;
  }

  /** Monotonic ms. Infinity when nothing is to arrive. */
  get nextAtMs(): number {
    return this.heap.first?.atMs ?? Infinity;
  }

  /** Copies a datagram of at most 1500 bytes in; undefined when the queue is full. */
  push(bytes: Uint8Array, client: ProxyClient, isToTarget: boolean, atMs: number): HeldDatagram | undefined {
    if (this.size >= this.capacity) return undefined;
    const held = this.idle.pop() ?? new HeldDatagram();
    held.bytes.set(bytes);
    held.length = bytes.length;
    held.client = client;
    held.isToTarget = isToTarget;
    held.atMs = atMs;
    this.heap.push(held);
    return held;
  }

  /** Takes out the first that is due; the caller gives it back with `release`, `defer` or `wait`. */
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

  /** Puts one behind those that wait for the same socket. */
  wait(held: HeldDatagram, socket: DatagramTransport): void {
    let waiting = this.waiting.get(socket);
    if (waiting === undefined) this.waiting.set(socket, (waiting = new TimeHeap()));
    waiting.push(held);
    this.waitingCount += 1;
  }

  /** The one that is to be sent next by this socket, of those that wait for it; it stays. */
  firstWaiting(socket: DatagramTransport): HeldDatagram | undefined {
    return this.waiting.get(socket)?.first;
  }

  /** Releases the first of those that wait for this socket. */
  releaseFirst(socket: DatagramTransport): void {
    const waiting = this.waiting.get(socket);
    const held = waiting?.first;
    if (waiting === undefined || held === undefined) return;
    waiting.remove(held);
    if (waiting.size === 0) this.waiting.delete(socket);
    this.waitingCount -= 1;
    this.release(held);
  }

  release(held: HeldDatagram): void {
    held.client = undefined;
    this.idle.push(held);
  }

  /** Drops everything that is to arrive, and returns how many that were. */
  clear(): number {
    let dropped = 0;
    for (let held = this.popDue(Infinity); held !== undefined; held = this.popDue(Infinity)) {
      this.release(held);
      dropped += 1;
    }
    return dropped;
  }
}
