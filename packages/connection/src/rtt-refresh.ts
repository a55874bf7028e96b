import type { ReliableEndpoint } from "@sortie/reliability";

/**
 * ms between two looks at how old the round trip is. One sample a second costs 10,000 listening peers a byte a second
 * each, and the grade, which is made once a second, needs no more.
 */
const REFRESH_AFTER_MS = 1000;
/** ms while the samples are far from their mean, which takes an eighth of each: it follows a change within seconds. */
const UNSETTLED_AFTER_MS = 250;
/** Share of the mean that the last sample may differ from it, and ms: the rounding of ticks and timers is no change. */
const UNSETTLED_SHARE = 0.125;
const UNSETTLED_MS = 10;
/** Round trips since the last look with which this side needs no PING: one of them may be that of the last PING. */
const ENOUGH_SAMPLES = 2;
/** bytes. No PADDING: the PING rides in a packet that goes anyway (42 bytes are for one that goes alone). */
const NO_PADDING_BYTES = 1;

/**
 * Keeps the round trip fresh on a side that only listens. It sends nothing but acknowledgements, which are not
 * acknowledged, and would for ever show the round trip of when it last spoke.
 *
 * A PING rides in a packet that goes anyway, and only after the peer has sent messages: acknowledgements and PINGs are
 * no use of the connection, so that nobody is asked for having asked, and an idle connection costs what it did. While
 * anything that asks for an acknowledgement is in flight, none is added: there is one at the most.
 */
export class RttRefresh {
  /** Whether messages have come since the last look; whoever hands them on sets it. */
  hasHeardMessages = false;
  /** Whole ms: a fraction would lie in a box of its own. */
  private dueFromMs = 0;
  private samples = 0;

  /** To be called before each packet of `endpoint` is built: if one goes, a PING may ride in it. */
  beforePacket(endpoint: ReliableEndpoint, nowMs: number): void {
    if (this.hasHeardMessages && nowMs >= this.dueFromMs && endpoint.wantsToSend(nowMs)) this.look(endpoint, nowMs);
  }

  private look(endpoint: ReliableEndpoint, nowMs: number): void {
    const { samples, latestPathMs, smoothedMs } = endpoint.rtt;
    const isFresh = samples - this.samples >= ENOUGH_SAMPLES;
    const isSettled = Math.abs(latestPathMs - smoothedMs) <= Math.max(smoothedMs * UNSETTLED_SHARE, UNSETTLED_MS);
    this.hasHeardMessages = false;
    this.dueFromMs = Math.ceil(nowMs + (isSettled ? REFRESH_AFTER_MS : UNSETTLED_AFTER_MS));
    this.samples = samples;
    // What is in flight asks already: a PING that was lost is asked for again by the probe timeout.
    const isAsked = endpoint.unansweredSinceMs < Infinity;
    if (!isFresh && !isAsked) endpoint.requestPing(NO_PADDING_BYTES);
  }
}
