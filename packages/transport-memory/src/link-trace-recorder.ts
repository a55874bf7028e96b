import { checkOptionNames } from "@sortie/transport";
import { checkFinite, checkInteger, type OptionNames } from "./check.js";
import { LINK_TRACE_FORMAT, type LinkTrace, type LinkTraceStep, MAX_DURATION_MS } from "./link-trace.js";

/** Options of a {@link LinkTraceRecorder}. */
export interface LinkTraceRecorderOptions {
  /** ms that make one step, 1..60,000. Default 100. */
  readonly windowMs?: number | undefined;
  /**
   * Whether the sender kept the link's queue full all the time: then what arrived in a window was the link's rate, 0 if
   * that was nothing, and what a datagram waited is the queue's doing; the trace goes on while that which was queued at
   * the end arrives. Default false: no rate is recorded, and delays are as they were.
   */
  readonly isSaturated?: boolean | undefined;
  readonly name?: string | undefined;
}

/** One window. */
interface Window {
  sent: number;
  lost: number;
  minDelayMs: number;
  sumDelayMs: number;
  arrivedBytes: number;
}

const OPTION_NAMES: OptionNames<LinkTraceRecorderOptions> = { windowMs: true, isSaturated: true, name: true };

/** Windows of one recording. */
const MAX_WINDOWS = 100_000;

/**
 * Makes a trace of a link from the fates of its datagrams, each told once: when it was sent and when, or that it never,
 * arrived, by one clock. A window has the share of losses, the least delay as latency, and jitter that makes the mean
 * delay come out right; one in which nothing was sent is as the one before. For a saturated link see `isSaturated`.
 */
export class LinkTraceRecorder {
  private readonly windowMs: number;
  private readonly isSaturated: boolean;
  private readonly name: string | undefined;
  private readonly windows: (Window | undefined)[] = [];
  private readonly maxWindows: number;
  private startMs = NaN;
  private leastDelayMs = Infinity;

  /** RangeError for a bad window, TypeError for an option that there is not or a name that is no text. */
  constructor(options: LinkTraceRecorderOptions = {}) {
    checkOptionNames(options, OPTION_NAMES);
    const { windowMs = 100 } = options;
    checkInteger("windowMs", windowMs, 1, 60_000);
    this.windowMs = windowMs;
    this.maxWindows = Math.min(MAX_WINDOWS, Math.floor(MAX_DURATION_MS / this.windowMs));
    this.isSaturated = options.isSaturated === true;
    this.name = checkedName(options.name);
  }

  /**
   * Tells of one datagram; the first one told starts the trace, and none that was sent before it counts.
   * @param sizeBytes - 0 or more
   * @param sentAtMs - by any clock that does not step back
   * @param arrivedAtMs - by the same clock, `sentAtMs` or later; undefined when it was lost
   * @returns false when this was left out: it was sent before the first one told, or the recording is full (100,000
   * windows, or a day)
   * @throws RangeError when a number is not finite or out of range; the datagram then counts for nothing
   */
  add(sizeBytes: number, sentAtMs: number, arrivedAtMs: number | undefined): boolean {
    checkFinite("sizeBytes", sizeBytes, 0);
    checkFinite("sentAtMs", sentAtMs);
    if (arrivedAtMs !== undefined) checkFinite("arrivedAtMs", arrivedAtMs, sentAtMs);
    if (Number.isNaN(this.startMs)) this.startMs = sentAtMs;
    const window = this.windowAt(sentAtMs);
    if (window === undefined) return false;
    window.sent += 1;
    if (arrivedAtMs === undefined) {
      window.lost += 1;
      return true;
    }
    const delayMs = arrivedAtMs - sentAtMs;
    window.minDelayMs = Math.min(window.minDelayMs, delayMs);
    window.sumDelayMs += delayMs;
    this.leastDelayMs = Math.min(this.leastDelayMs, delayMs);
    const arrival = this.windowAt(arrivedAtMs);
    if (arrival !== undefined) arrival.arrivedBytes += sizeBytes;
    return true;
  }

  /** The recording so far. Error when nothing was told, or a saturated link let nothing through. */
  trace(): LinkTrace {
    if (Number.isNaN(this.startMs)) throw new Error("nothing was recorded: no datagram was told");
    const last = this.lastWindow();
    const steps: LinkTraceStep[] = [];
    for (let index = 0; index <= last; index++) {
      const atMs = index * this.windowMs;
      const window = this.windows[index];
      const previous = steps.at(-1);
      if (this.isSaturated) steps.push({ atMs, ...this.saturatedStepOf(window?.arrivedBytes ?? 0) });
      else if (window !== undefined && window.sent > 0) steps.push({ atMs, ...this.stepOf(window) });
      else if (previous !== undefined) steps.push({ ...previous, atMs });
    }
    const durationMs = steps.length * this.windowMs;
    return { format: LINK_TRACE_FORMAT, ...(this.name === undefined ? {} : { name: this.name }), durationMs, steps };
  }

  private lastWindow(): number {
    const lastSent = this.lastIndex((window) => window.sent > 0);
    if (!this.isSaturated) return lastSent;
    const firstArrival = this.windows.findIndex((window) => window !== undefined && window.arrivedBytes > 0);
    if (firstArrival < 0) throw new Error("nothing that was recorded arrived: the rate of the link is not known");
    const lastArrival = this.lastIndex((window) => window.arrivedBytes > 0);
    // What was queued at the end tells of the rate too, but not within the window in which the queue ran out.
    return Math.max(lastSent, lastArrival - 1, firstArrival);
  }

  /** -1 for none. findLastIndex would do it, but Safari 15.3 and others of its time have not got it. */
  private lastIndex(isWanted: (window: Window) => boolean): number {
    let index = this.windows.length - 1;
    for (; index >= 0; index--) {
      const window = this.windows[index];
      if (window !== undefined && isWanted(window)) break;
    }
    return index;
  }

  private windowAt(timeMs: number): Window | undefined {
    const index = Math.floor((timeMs - this.startMs) / this.windowMs);
    if (!(index >= 0 && index < this.maxWindows)) return undefined;
    return (this.windows[index] ??= { sent: 0, lost: 0, minDelayMs: Infinity, sumDelayMs: 0, arrivedBytes: 0 });
  }

  private saturatedStepOf(arrivedBytes: number): Omit<LinkTraceStep, "atMs"> {
    // Less than a byte a second is no rate that a trace may have.
    const rate = (arrivedBytes * 1000) / this.windowMs;
    const bandwidthBytesPerSecond = rate > 0 ? Math.max(1, rate) : 0;
    // What is lost at a full queue is lost again when the trace is replayed.
    return { latencyMs: this.leastDelayMs, bandwidthBytesPerSecond };
  }

  private stepOf({ sent, lost, minDelayMs, sumDelayMs }: Window): Omit<LinkTraceStep, "atMs"> {
    const loss = lost / sent;
    const arrived = sent - lost;
    if (arrived === 0) return { loss };
    // A mean of equal delays may come out below them, by rounding.
    return { latencyMs: minDelayMs, jitterMs: Math.max(0, 2 * (sumDelayMs / arrived - minDelayMs)), loss };
  }
}

function checkedName(name: string | undefined): string | undefined {
  if (name === undefined || typeof name === "string") return name;
  throw new TypeError(`"name" expected a string, got ${String(name)}`);
}
