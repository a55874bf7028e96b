import { ByteCopier } from "@sortie/wire";
import { PayloadChunks } from "./payload-chunks.js";

/**
 * Bytes in memory that no thread shares. From TypeScript 5.7 on that is Uint8Array<ArrayBuffer>, which alone is what
 * Blob, fetch and crypto.subtle take; before, Uint8Array has no parameter.
 */
export type OwnBytes = ReturnType<Uint8Array["slice"]>;

/** bytes. More than a packet has: larger ones come from elsewhere, and would leave much of a chunk unused. */
const MAX_SHARED_BYTES = 2048;

/** One for all connections of a thread. */
const chunks = new PayloadChunks(true);
const copier = new ByteCopier();

/**
 * A copy of `bytes[start, end)` for the application, in memory that other messages share. For those that are delivered
 * at once: of what waits here a few bytes could keep a whole chunk alive, and the peer says what waits.
 */
export function receivedPayload(bytes: Uint8Array, start: number, end: number): OwnBytes {
  const length = end - start;
  if (length > MAX_SHARED_BYTES) return ownPayload(bytes, start, end);
  const at = chunks.reserve(length);
  const { chunk, view } = chunks;
  copier.copy(bytes, start, end, chunk, at, view);
  return new Uint8Array(chunk.buffer, at, length);
}

/** The same in memory of its own. A slice is the quickest copy, but a Node Buffer's shares its memory. */
export function ownPayload(bytes: Uint8Array, start: number, end: number): OwnBytes {
  return bytes.constructor === Uint8Array ? bytes.slice(start, end) : new Uint8Array(bytes.subarray(start, end));
}
