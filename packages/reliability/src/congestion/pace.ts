import { MIN_DATAGRAM_BYTES } from "@sortie/wire";
import { MAX_BUCKET_BYTES } from "../pacer.js";
import { INITIAL_WINDOW_BYTES } from "./paced-options.js";
import type { QueueSignal } from "./queue-signal.js";

/** bytes/s. A full packet in a quarter of a second, however bad it was: below, nothing would be learned any more. */
const MIN_PACE_BYTES_PER_SECOND = 5000;
/** bytes/s. The same where many thin flows are known to overload the path together: 5000 of each may be why. */
const MIN_CROWDED_BYTES_PER_SECOND = 1250;
/** bytes/s. Bound of the datagram that may go in each round trip: on the shortest paths it says nothing. */
const MAX_LEAST_PACE_BYTES_PER_SECOND = 60_000;
/** bytes/s. Until more is known, ten packets may go in a tick or so, and no more. */
const MAX_FIRST_PACE_BYTES_PER_SECOND = 250_000;
/** ms of the pace that may go at once without ticks: timers come a little late. */
const MIN_BURST_MS = 4;
/** Growth in a round of the start, when nothing shows where it ends. BBR's 2/ln 2 overshoots a little more. */
export const STARTUP_GAIN = 2.5;
/** Growth in a round while packet trains show that there is room for it. */
const MAX_STARTUP_GAIN = 4;
/** Share of the rate of packet trains to grow to. */
const TRAIN_SHARE = 0.98;
/** While a queue is drained. */
export const DRAIN_GAIN: number = 3 / 4;
/** ms, or a round trip if that is longer: beyond, a queue is drained quicker. */
const LONG_QUEUE_MS = 50;
const LONG_DRAIN_GAIN = 0.5;
/** Of what comes in between two flushes: they may be late. */
const FLUSH_SHARE: number = 5 / 4;

/** bytes/s. The pace before the bandwidth was measured. */
export function firstPace(rttMs: number): number {
  return Math.min((STARTUP_GAIN * INITIAL_WINDOW_BYTES * 1000) / Math.max(rttMs, 1), MAX_FIRST_PACE_BYTES_PER_SECOND);
}

/**
 * How much quicker than what arrives to send at the start.
 * @param trainBytesPerSecond at which packets that left together arrived; 0 when unknown
 */
export function startupGain(bytesPerSecond: number, trainBytesPerSecond: number): number {
  if (trainBytesPerSecond === 0 || bytesPerSecond === 0) return STARTUP_GAIN;
  return Math.min(Math.max((trainBytesPerSecond * TRAIN_SHARE) / bytesPerSecond, 1), MAX_STARTUP_GAIN);
}

/** How much slower than what arrives to send, so that the queue ends. */
export function drainGain({ baseMs, recentQueueMs }: QueueSignal): number {
  return recentQueueMs > Math.max(baseMs, LONG_QUEUE_MS) ? LONG_DRAIN_GAIN : DRAIN_GAIN;
}

/** bytes that may go at once: what the pace allows between two flushes, without ticks some ms of it, or `least`. */
export function burstBytes(paceBytesPerSecond: number, flushIntervalMs: number, least: number): number {
  const spanMs = Math.max(flushIntervalMs * FLUSH_SHARE, MIN_BURST_MS);
  return Math.min(Math.max((paceBytesPerSecond * spanMs) / 1000, least), MAX_BUCKET_BYTES);
}

/**
 * bytes/s. The least pace, at a round trip of this many ms: a datagram in each, of which TCP sends two, so that a flow
 * whose rate fell far too low on a bad path finds it again in a second or two, not in twelve. Queues are in the round
 * trip: many flows that do this on a narrow path slow each other down. Those that are known to get by with half of it.
 */
export function leastPace(smoothedRttMs: number, isCrowded: boolean): number {
  const oneEachRound = (MIN_DATAGRAM_BYTES * 1000) / Math.max(smoothedRttMs, 1);
  const pace = Math.min(oneEachRound, MAX_LEAST_PACE_BYTES_PER_SECOND);
  return isCrowded ? Math.max(pace / 2, MIN_CROWDED_BYTES_PER_SECOND) : Math.max(pace, MIN_PACE_BYTES_PER_SECOND);
}
