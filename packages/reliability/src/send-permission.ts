import type { Outbound } from "./outbound.js";
import type { Recovery } from "./recovery.js";

/** Which data may go in a packet; on credit: what may borrow from the pace, see `PacketScheduler.peek`. */
export const Allowed = { Nothing: 0, OnCredit: 1, All: 2 } as const;
export type Allowed = (typeof Allowed)[keyof typeof Allowed];

// Packet numbers, congestion window and pace decide which data may go. Functions: they keep nothing of a connection.

/**
 * Which data may go now; tells the sampler when there is too little of it to show what the path carries.
 * @param bytes of a whole datagram: data is not cut to fit the pace
 */
export function allowedNow(recovery: Recovery, outbound: Outbound, nowMs: number, bytes: number): Allowed {
  const { congestion, sent } = recovery;
  const inFlight = sent.bytesInFlight;
  if (!outbound.hasData(nowMs)) {
    if (inFlight < congestion.windowBytes) recovery.sampler.onAppLimited(inFlight);
    return Allowed.Nothing;
  }
  // Numbers limit what is in flight, as a window does: there is data enough to show what the path then carries.
  if (!recovery.mayNumber(nowMs)) return Allowed.Nothing;
  if (congestion.canSend(bytes, inFlight, nowMs, false) || recovery.trickleAt() <= nowMs) return Allowed.All;
  const mayBorrow = congestion.canSend(bytes, inFlight, nowMs, true);
  return mayBorrow && outbound.hasData(nowMs, true) ? Allowed.OnCredit : Allowed.Nothing;
}

/** ms. When data that waits for permission may get it by time alone; Infinity when none waits, or it has it. */
export function nextAllowedAt(recovery: Recovery, outbound: Outbound, nowMs: number, bytes: number): number {
  if (!outbound.hasData(nowMs) || allowedNow(recovery, outbound, nowMs, bytes) !== Allowed.Nothing) return Infinity;
  let at = recovery.trickleAt();
  if (recovery.hasRoom) {
    at = Math.min(at, pacedAt(recovery, bytes, nowMs, false));
    if (outbound.hasData(nowMs, true)) at = Math.min(at, pacedAt(recovery, bytes, nowMs, true));
  }
  return at > nowMs ? at : Infinity;
}

/** ms. When a packet may go by time alone; Infinity when the window is full, which only acknowledgements change. */
function pacedAt({ congestion, sent }: Recovery, bytes: number, nowMs: number, onCredit: boolean): number {
  const at = congestion.nextSendAt(bytes, nowMs, onCredit);
  return congestion.canSend(bytes, sent.bytesInFlight, at, onCredit) ? at : Infinity;
}
