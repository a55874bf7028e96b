import type { Frame } from "@sortie/wire";
import type { EndpointViolation } from "./endpoint-options.js";
import type { SentPackets } from "./sent-packets.js";
import { SentState } from "./sent-state.js";

/** What is wrong with an ACK of packets that were never sent: its sender guesses (RFC 9000 section 21.4). */
export function checkAck(sent: SentPackets, frame: Frame, bytes: Uint8Array): EndpointViolation | undefined {
  const { largest } = frame;
  if (largest >= sent.nextNumber || largest < sent.firstNumber) return "ack-of-unsent";
  if (sent.stateOf(largest) === SentState.Skipped) return "ack-of-skipped";
  for (let at = frame.start; at < frame.end; at++) {
    const byte = bytes[at] as number;
    if (byte === 0) continue;
    const base = largest - 1 - (at - frame.start) * 8;
    for (let bit = 0; bit < 8; bit++) {
      if ((byte & (1 << bit)) === 0) continue;
      if (base - bit < sent.firstNumber) return "ack-of-unsent";
      if (sent.stateOf(base - bit) === SentState.Skipped) return "ack-of-skipped";
    }
  }
  return undefined;
}
