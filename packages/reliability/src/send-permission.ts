import { Allowed } from "./allowed.js";
import type { Outbound } from "./outbound.js";
import type { Recovery } from "./recovery.js";

export { Allowed } from "./allowed.js";

/**
 * ms between packets with live data beyond the congestion window, or beyond the 1024 numbers that an ACK can state,
 * when nothing is acknowledged: a game goes on within a tick or two of an outage's end.
 */
const SILENT_INTERVAL_MS = 25;
/**
 * ms without an acknowledgement in which any data may go so. For so long a peer's thread is held up, as by a game that
 * loads, or the path by a handover; a path whose queue makes it wait for longer is crowded, and gets nothing more.
 */
const PAUSE_MS = 300;
/** The same for large live messages: this part of the time for which the path has been silent, */
const LARGE_SILENT_SHARE: number = 1 / 8;
/** ms. and no longer than this, so that an outage's end is noticed before a probe timeout that has backed off. */
const MAX_LARGE_INTERVAL_MS = 250;

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
  if (recovery.hasRoom) {
    if (congestion.canSend(bytes, inFlight, nowMs, false)) return Allowed.All;
    const mayBorrow = congestion.canSend(bytes, inFlight, nowMs, true);
    if (mayBorrow && outbound.hasData(nowMs, Allowed.OnCredit)) return Allowed.OnCredit;
  }
  return liveNow(recovery, outbound, nowMs);
}

/**
 * ms. When data that waits for permission may get it by time alone; Infinity when none waits, or it has it. Bulk that
 * waits behind a full window has nothing to wait for but acknowledgements, and probe timeouts that fetch them.
 */
export function nextAllowedAt(recovery: Recovery, outbound: Outbound, nowMs: number, bytes: number): number {
  if (!outbound.hasData(nowMs) || allowedNow(recovery, outbound, nowMs, bytes) !== Allowed.Nothing) return Infinity;
  let at = nextLiveAt(recovery, outbound, nowMs);
  if (recovery.hasRoom) {
    at = Math.min(at, pacedAt(recovery, bytes, nowMs, false));
    if (outbound.hasData(nowMs, Allowed.OnCredit)) at = Math.min(at, pacedAt(recovery, bytes, nowMs, true));
  }
  return at > nowMs ? at : Infinity;
}

/** ms. When a packet may go by time alone; Infinity when the window is full, which only acknowledgements change. */
function pacedAt({ congestion, sent }: Recovery, bytes: number, nowMs: number, onCredit: boolean): number {
  const at = congestion.nextSendAt(bytes, nowMs, onCredit);
  return congestion.canSend(bytes, sent.bytesInFlight, at, onCredit) ? at : Infinity;
}

/** Which data may go although window or numbers are used up: on a silent path, now and then. */
function liveNow(recovery: Recovery, outbound: Outbound, nowMs: number): Allowed {
  if (silentAt(recovery, Allowed.Live) > nowMs) return Allowed.Nothing;
  if (nowMs < recovery.unansweredSinceMs + PAUSE_MS) return Allowed.All;
  if (silentAt(recovery, Allowed.LiveAndLarge) <= nowMs && outbound.hasData(nowMs, Allowed.LiveAndLarge)) {
    return Allowed.LiveAndLarge;
  }
  return outbound.hasData(nowMs, Allowed.Live) ? Allowed.Live : Allowed.Nothing;
}

function nextLiveAt(recovery: Recovery, outbound: Outbound, nowMs: number): number {
  const at = silentAt(recovery, Allowed.Live);
  if (at < recovery.unansweredSinceMs + PAUSE_MS) return at;
  if (outbound.hasData(nowMs, Allowed.Live)) return at;
  return outbound.hasData(nowMs, Allowed.LiveAndLarge) ? silentAt(recovery, Allowed.LiveAndLarge) : Infinity;
}

/** ms. When a packet with live data may go on a path that is silent until then. */
function silentAt({ stalledAt, elicitingSentAtMs }: Recovery, allowed: Allowed): number {
  let intervalMs = SILENT_INTERVAL_MS;
  if (allowed === Allowed.LiveAndLarge) {
    const grownMs = Math.min((elicitingSentAtMs - stalledAt) * LARGE_SILENT_SHARE, MAX_LARGE_INTERVAL_MS);
    intervalMs = Math.max(intervalMs, grownMs);
  }
  return Math.max(stalledAt, elicitingSentAtMs + intervalMs);
}
