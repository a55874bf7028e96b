import { MAX_DATAGRAM_BYTES } from "@sortie/wire";
import { RangeSet } from "./range-set.js";
import type { OwnBytes } from "./received-payload.js";

/** bytes that V8 takes for a set next to the bytes of its first chunk: lists, chunk, its place in the table. */
export const SET_COST_BYTES = 1024;

/** bytes for each further chunk next to its own: V8 takes 190 to 260 for an array. */
export const CHUNK_COST_BYTES = 256;

/** bytes. A set that grows does so by as much as it has, at least a packet and at most this. */
export const MAX_CHUNK_BYTES = 4096;

/** bytes for each stretch that came by itself: two numbers here, two among what is held, and room to grow. */
export const SEGMENT_COST_BYTES = 48;

/**
 * The pieces of one message, one behind the other in the order in which they came, in chunks that together never exceed
 * the message; where they belong is noted by stretches. Pieces that come in order are one stretch.
 */
export class FragmentSet {
  /** Names the message; see `Reassembler.add`. */
  readonly key: number;
  /** Neighbours in the list that `FragmentSets` keeps. */
  older: FragmentSet | undefined = undefined;
  newer: FragmentSet | undefined = undefined;
  readonly delivery: number;
  readonly totalBytes: number;
  /** ms. When the first piece came. */
  readonly startedAtMs: number;
  readonly expiresAtMs: number;
  readonly held: RangeSet = new RangeSet();
  chargedBytes = 0;
  /** Packet number of the piece at offset 0, -1 before it came. */
  order = -1;
  /** What `PacketDemand` noted of it, and in which of its rounds. */
  demandRound = 0;
  demandBytes = 0;
  private readonly chunks: Uint8Array[];
  /** bytes of all chunks, and of those that are filled. */
  private capacity: number;
  private used = 0;
  /** Index of the chunk that is being filled, and bytes in it. */
  private filling = 0;
  private filled = 0;
  /** Offset and length of each stretch. */
  private readonly segments: number[] = [];
  private lastEnd = -1;

  constructor(
    key: number,
    delivery: number,
    totalBytes: number,
    firstBytes: number,
    nowMs: number,
    expiresAtMs: number,
  ) {
    this.key = key;
    this.delivery = delivery;
    this.totalBytes = totalBytes;
    this.startedAtMs = nowMs;
    this.expiresAtMs = expiresAtMs;
    this.chunks = [new Uint8Array(firstBytes)];
    this.capacity = firstBytes;
  }

  /** bytes of `[from, to)` that are not held. */
  absentBytes(from: number, to: number): number {
    const { held } = this;
    let bytes = 0;
    for (let at = held.nextAbsent(from); at < to;) {
      const stop = Math.min(held.nextPresent(at), to);
      bytes += stop - at;
      at = held.nextAbsent(stop);
    }
    return bytes;
  }

  /** bytes of the chunk that is needed to have room for `newBytes` more; 0 when there is room. */
  growth(newBytes: number): number {
    const { capacity, totalBytes } = this;
    const missing = this.used + newBytes - capacity;
    if (missing <= 0) return 0;
    const wanted = Math.min(Math.max(capacity, MAX_DATAGRAM_BYTES), MAX_CHUNK_BYTES);
    return Math.min(Math.max(wanted, missing), totalBytes - capacity);
  }

  /** Whether a piece at `offset` goes on where the last one ended. */
  continues(offset: number): boolean {
    return offset === this.lastEnd;
  }

  /** Adds a chunk; nothing when `bytes` is 0. */
  grow(bytes: number): void {
    if (bytes === 0) return;
    this.chunks.push(new Uint8Array(bytes));
    this.capacity += bytes;
  }

  /** Adds `bytes[start, end)`, none of which is held, at `offset` of the message; there is room. */
  append(bytes: Uint8Array, start: number, end: number, offset: number): void {
    const { segments } = this;
    const length = end - start;
    if (this.continues(offset)) segments[segments.length - 1] = (segments[segments.length - 1] as number) + length;
    else segments.push(offset, length);
    this.lastEnd = offset + length;
    this.held.add(offset, this.lastEnd);
    this.store(bytes, start, end);
  }

  /** The message, which is whole: an array that nobody else uses. */
  join(): OwnBytes {
    const { segments, chunks } = this;
    const message = new Uint8Array(this.totalBytes);
    let chunk = 0;
    let at = 0;
    for (let i = 0; i < segments.length; i += 2) {
      let offset = segments[i] as number;
      for (let left = segments[i + 1] as number; left > 0;) {
        const from = chunks[chunk] as Uint8Array;
        const bytes = Math.min(left, from.length - at);
        message.set(bytes === from.length ? from : from.subarray(at, at + bytes), offset);
        offset += bytes;
        left -= bytes;
        at += bytes;
        if (at < from.length) continue;
        chunk += 1;
        at = 0;
      }
    }
    return message;
  }

  /** Behind what is there; over the edge of a chunk where need be. */
  private store(bytes: Uint8Array, start: number, end: number): void {
    const { chunks } = this;
    let from = start;
    while (from < end) {
      const chunk = chunks[this.filling] as Uint8Array;
      const to = Math.min(end, from + chunk.length - this.filled);
      chunk.set(bytes.subarray(from, to), this.filled);
      this.filled += to - from;
      from = to;
      if (this.filled < chunk.length) continue;
      this.filling += 1;
      this.filled = 0;
    }
    this.used += end - start;
  }
}
