import type { ReliableEndpoint } from "@sortie/reliability";
import { ByteWriter, CloseCode, MAX_PACKET_NUMBER, PACKET_OVERHEAD_BYTES } from "@sortie/wire";
import { type Closing, closeFrame } from "./closing.js";

/** From here on numbers are kept for the CLOSE and its repeats; some of them may be left out. */
export const LAST_PACKET_NUMBER: number = MAX_PACKET_NUMBER - 16;

/** bytes. The longest ACK, with room to spare. */
const MAX_ACK_BYTES = 256;

/** Of a peer that broke the protocol, numbers may be its doing: CLOSE is to tell it why, and nothing else. */
const IN_GOOD_ORDER: ReadonlySet<CloseCode> = new Set([CloseCode.Normal, CloseCode.ShuttingDown, CloseCode.Kicked]);

/**
 * The last frames of a connection: where it ends in good order and nothing is unread, an ACK of all that was received,
 * and CLOSE. Throws TypeError for a text that is none.
 */
export function lastFrames(endpoint: ReliableEndpoint, code: CloseCode, text: string, nowMs: number): Uint8Array {
  const close = closeFrame(code, text);
  const writer = new ByteWriter().reset(new Uint8Array(MAX_ACK_BYTES + close.length));
  if (IN_GOOD_ORDER.has(code)) endpoint.writeLastAck(writer, nowMs);
  writer.copy(close);
  return writer.bytes.slice(0, writer.offset);
}

/** A packet of CLOSE, and what goes before it. Its number, or -1 when none is due. */
export function writeClosePacket(
  endpoint: ReliableEndpoint,
  closing: Closing,
  writer: ByteWriter,
  nowMs: number,
): number {
  if (!closing.due) return -1;
  closing.write(writer);
  return endpoint.buildProbe(nowMs, PACKET_OVERHEAD_BYTES + writer.written);
}
