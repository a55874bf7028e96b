import { ByteCopier } from "@sortie/wire";
import { PayloadChunks } from "./payload-chunks.js";

/** bytes. More than a packet has: larger ones come from elsewhere, and would leave much of a chunk unused. */
const MAX_SHARED_BYTES = 2048;

/** One for all connections of a thread. */
const chunks = new PayloadChunks(true);
const copier = new ByteCopier();

/**
 * A copy of `bytes[start, end)` for the application, in memory that other messages share. For those that are delivered
 * at once: of what waits here a few bytes could keep a whole chunk alive, and the peer says what waits.
 */
export function receivedPayload(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const length = end - start;
  if (length > MAX_SHARED_BYTES) return ownPayload(bytes, start, end);
  const at = chunks.reserve(length);
  const { chunk, view } = chunks;
  copier.copy(bytes, start, end, chunk, at, view);
  return new Uint8Array(chunk.buffer, at, length);
}

/** The same in memory of its own. A slice is the quickest copy, but a Node Buffer's shares its memory. */
export function ownPayload(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return bytes.constructor === Uint8Array ? bytes.slice(start, end) : new Uint8Array(bytes.subarray(start, end));
}
