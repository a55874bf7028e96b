import type { SocketAddress } from "@sortie/transport";
import { MAX_DATAGRAM_BYTES } from "@sortie/wire";

/** Datagrams that wait for the tick: 2,000 peers at 30 a second for 17 ms. Full: those that wait are opened at once. */
const MAX_DATAGRAMS = 1024;

/** ms. Longest tick that they wait for: 30 ticks/s. With slower ones they are opened as they come. */
const MAX_HOLD_MS = 34;

/**
 * Peers' datagrams on their way from the socket to the tick, in order of arrival, as copies in slots that are used
 * again. Opening all of them together costs a fraction of opening each as it wakes the process: code and tables are
 * then in the processor's caches.
 */
export class TickInbox {
  count = 0;
  private readonly buffer: Uint8Array = new Uint8Array(MAX_DATAGRAMS * MAX_DATAGRAM_BYTES);
  /** A view of each slot's datagram; one of the right length is used again. */
  private readonly views: (Uint8Array | undefined)[] = new Array<undefined>(MAX_DATAGRAMS).fill(undefined);
  private readonly sources: (SocketAddress | undefined)[] = new Array<undefined>(MAX_DATAGRAMS).fill(undefined);
  private readonly times: Float64Array = new Float64Array(MAX_DATAGRAMS);

  /** An inbox where there are ticks, and they are not too slow. */
  static forTicksOf(intervalMs: number): TickInbox | undefined {
    return intervalMs > 0 && intervalMs <= MAX_HOLD_MS ? new TickInbox() : undefined;
  }

  get isFull(): boolean {
    return this.count === MAX_DATAGRAMS;
  }

  /** Copies a datagram of 1..1452 bytes. Only when not full. */
  push(datagram: Uint8Array, from: SocketAddress, nowMs: number): void {
    const slot = this.count++;
    const start = slot * MAX_DATAGRAM_BYTES;
    const kept = this.views[slot];
    if (kept?.length === datagram.length) kept.set(datagram);
    else {
      this.buffer.set(datagram, start);
      this.views[slot] = this.buffer.subarray(start, start + datagram.length);
    }
    this.sources[slot] = from;
    this.times[slot] = nowMs;
  }

  /** Datagram `index` (0..count-1), valid until `clear`. */
  datagram(index: number): Uint8Array {
    return this.views[index] as Uint8Array;
  }

  /** Where it came from. */
  from(index: number): SocketAddress {
    return this.sources[index] as SocketAddress;
  }

  /** ms. When it came. */
  arrivedAtMs(index: number): number {
    return this.times[index] as number;
  }

  clear(): void {
    // Sources are let go, so that a resting inbox keeps no address alive.
    for (let i = 0; i < this.count; i++) this.sources[i] = undefined;
    this.count = 0;
  }
}
