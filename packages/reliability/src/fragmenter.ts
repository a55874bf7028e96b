import { varintBytes } from "@sortie/wire";

/** bytes. The least a piece may carry unless it ends its message; receivers refuse smaller ones. */
export const MIN_FRAGMENT_BYTES = 64;

/** bytes. A packet with less room than this for the first piece of something is closed: small pieces cost more. */
const MIN_CUT_BYTES = 256;

/** Largest payload whose length takes one byte, and two. */
const ONE_BYTE_LENGTH = 0x3f;
const TWO_BYTE_LENGTH = 0x3fff;

/**
 * Where the piece that begins at `from` of a message of `totalBytes` ends, in `room` bytes of a packet, header
 * included; -1 when it has no good place there.
 *
 * A piece fills the room, ends where what is to be sent ends (`to`), or reaches a little further when it would be too
 * small to be legal. Docs: PROTOCOL.md section 5.5.
 */
export function cutPiece(totalBytes: number, from: number, to: number, room: number): number {
  const wanted = Math.min(Math.max(to - from, MIN_FRAGMENT_BYTES), totalBytes - from);
  // type, channel, message ID
  const fits = payloadRoom(room - 4 - varintBytes(totalBytes) - varintBytes(from));
  if (fits >= wanted) return from + wanted;
  return fits >= MIN_CUT_BYTES ? from + fits : -1;
}

/** bytes of payload that fit in `room` together with their length. */
function payloadRoom(room: number): number {
  if (room <= ONE_BYTE_LENGTH + 2) return Math.min(room - 1, ONE_BYTE_LENGTH);
  return Math.min(room - 2, TWO_BYTE_LENGTH);
}
