import type { DatagramBatch, DatagramTransport, SocketAddress } from "@sortie/transport";
import { check } from "./check.js";

/** More than any pool has: the number of batches must have an end. */
const MOST_BATCHES = 4096;

/** One datagram to send: bytes and target. */
export type Outgoing = readonly [payload: Uint8Array, to: SocketAddress];

/** `length` bytes that depend on the seed and on their place. */
export function pattern(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (seed * 31 + i * 7 + (i >>> 8)) & 0xff;
  return bytes;
}

/** `count` datagrams of `length` bytes to one target, each with bytes of its own. */
export function patterns(count: number, length: number, to: SocketAddress): Outgoing[] {
  return Array.from({ length: count }, (_, i) => [pattern(length, i), to]);
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Writes one datagram into a batch that has room. */
export function put(batch: DatagramBatch, payload: Uint8Array, to: SocketAddress): void {
  const at = batch.reserve();
  check(at >= 0, "expected room in the batch");
  batch.buffer.set(payload, at);
  batch.commit(payload.length, to);
}

/** Takes every batch that is free. */
export function acquireAll(transport: DatagramTransport): DatagramBatch[] {
  const batches: DatagramBatch[] = [];
  for (;;) {
    const batch = transport.acquireBatch();
    if (batch === undefined) return batches;
    check(batches.length < MOST_BATCHES, `expected acquireBatch to give none at last, got more than ${MOST_BATCHES}`);
    batches.push(batch);
  }
}
