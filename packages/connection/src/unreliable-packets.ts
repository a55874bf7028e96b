import type { ReliableEndpoint } from "@sortie/reliability";
import { type ByteWriter, encodePathChallenge, MAX_PACKET_NUMBER, PACKET_OVERHEAD_BYTES } from "@sortie/wire";
import type { Closing } from "./closing.js";
import type { Path } from "./path.js";

/** From here on numbers are kept for the CLOSE and its repeats; some of them may be left out. */
export const LAST_PACKET_NUMBER: number = MAX_PACKET_NUMBER - 16;

/** A packet of PATH_CHALLENGE alone for the address under validation. Its number, or -1 when none may go. */
export function writeChallengePacket(
  endpoint: ReliableEndpoint,
  path: Path,
  writer: ByteWriter,
  nowMs: number,
): number {
  const bytes = PACKET_OVERHEAD_BYTES + 1 + path.challenge.length;
  if (!path.mayChallenge(bytes)) {
    // Over the amplification limit: the next one goes when its time comes and more was heard from there.
    path.challengeDue = false;
    return -1;
  }
  encodePathChallenge(writer, path.challenge);
  path.onChallengeSent(bytes);
  return endpoint.buildProbe(nowMs, bytes);
}

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
