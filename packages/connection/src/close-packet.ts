import type { ReliableEndpoint } from "@sortie/reliability";
import { type ByteWriter, MAX_PACKET_NUMBER, PACKET_OVERHEAD_BYTES } from "@sortie/wire";
import type { Closing } from "./closing.js";

/** From here on numbers are kept for the CLOSE and its repeats; some of them may be left out. */
export const LAST_PACKET_NUMBER: number = MAX_PACKET_NUMBER - 16;

/** A packet of CLOSE alone. Its number, or -1 when none is due. */
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
