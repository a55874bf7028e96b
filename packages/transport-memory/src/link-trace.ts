import { checkInteger, checkNumber } from "./check.js";
import { checkLinkOptions, type LinkOptions, type LinkParameters } from "./link-options.js";

/** What every trace says it is. */
export const LINK_TRACE_FORMAT = "sortie-link-trace/1";

/** What a link is from `atMs` on, until the next step. What a step leaves out is as in the link's other options. */
export interface LinkTraceStep extends LinkOptions {
  /** ms from the start of the trace. */
  readonly atMs: number;
  /** bytes/s as in the options, or 0: nothing leaves the queue until a later step. */
  readonly bandwidthBytesPerSecond?: number;
}

/**
 * A link that changes with time: recorded from a real one, or written by hand. As JSON it is a trace file. The trace
 * begins with the first datagram that a link carries, and starts over when it ends.
 */
export interface LinkTrace {
  readonly format: typeof LINK_TRACE_FORMAT;
  /** Where it comes from, for people. */
  readonly name?: string;
  /** ms. Length of one round, longer than the last step's `atMs`. */
  readonly durationMs: number;
  /** 1..100,000, the first at 0, each later than the one before. */
  readonly steps: readonly LinkTraceStep[];
}

/** Steps of one trace: an hour at 28 a second. */
const MAX_STEPS = 100_000;
/** ms. A round that is shorter would have the link turn over for ever. */
const MIN_DURATION_MS = 1;
/** ms. A day. */
export const MAX_DURATION_MS = 86_400_000;

/** A step, checked and complete. */
export interface TraceParameters {
  readonly atMs: number;
  readonly parameters: LinkParameters;
}

/** The steps of a trace over the link's other options. Throws RangeError that names step and field. */
export function compileTrace(trace: LinkTrace, base: LinkOptions): TraceParameters[] {
  if (typeof trace !== "object" || trace === null || trace.format !== LINK_TRACE_FORMAT) {
    const got = typeof trace === "object" && trace !== null ? String(trace.format) : String(trace);
    throw new RangeError(`"trace.format" expected "${LINK_TRACE_FORMAT}", got "${got}"`);
  }
  const { steps } = trace;
  if (!Array.isArray(steps)) throw new RangeError(`"trace.steps" expected an array, got ${typeof steps}`);
  checkInteger("trace.steps.length", steps.length, 1, MAX_STEPS);
  const compiled = steps.map((step: LinkTraceStep, index) => compileStep(step, index, base));
  compiled.forEach(({ atMs }, index) => {
    const previousMs = compiled[index - 1]?.atMs;
    if (previousMs === undefined ? atMs !== 0 : !(atMs > previousMs)) {
      const expected = previousMs === undefined ? "0" : `more than ${previousMs}`;
      throw new RangeError(`"trace.steps[${index}].atMs" expected ${expected}, got ${atMs}`);
    }
  });
  const lastMs = compiled.at(-1)?.atMs ?? 0;
  checkNumber("trace.durationMs", trace.durationMs, lastMs, MAX_DURATION_MS);
  if (trace.durationMs < MIN_DURATION_MS) {
    throw new RangeError(`"trace.durationMs" expected at least ${MIN_DURATION_MS}, got ${trace.durationMs}`);
  }
  if (trace.durationMs <= lastMs) {
    throw new RangeError(`"trace.durationMs" expected more than the last step's ${lastMs}, got ${trace.durationMs}`);
  }
  if (compiled.every(({ parameters }) => parameters.bytesPerMs === 0)) {
    throw new RangeError('"trace.steps" expected one with a bandwidth above 0, got none');
  }
  return compiled;
}

/** Reads a trace file. Throws RangeError for text that is no trace; the link options in it are checked as well. */
export function parseLinkTrace(text: string): LinkTrace {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new RangeError(`"trace" expected JSON, got ${String(error)}`);
  }
  const trace = value as LinkTrace;
  compileTrace(trace, {});
  return trace;
}

/** bytes. What one line of a Mahimahi trace lets through (mm-link(1)). */
const MAHIMAHI_BYTES = 1500;

/**
 * A trace from one of Mahimahi's (https://mahimahi.mit.edu; mm-link(1)): each line is a time in ms at which 1500 bytes
 * may leave, and the last one ends the round. The rate is that of windows of `windowMs` (default 100). Delay, loss and
 * queue are not in such a file: they come from the link's other options. RangeError for anything but such lines.
 */
export function linkTraceFromMahimahi(text: string, windowMs: number = 100): LinkTrace {
  checkInteger("windowMs", windowMs, 1, MAX_DURATION_MS);
  const lines = text.split("\n").map((line) => line.trim());
  const times = lines.filter((line) => line !== "").map(Number);
  times.forEach((time, index) => {
    checkInteger(`line ${index + 1}`, time, times[index - 1] ?? 0, MAX_DURATION_MS);
  });
  const durationMs = Math.max(times.at(-1) ?? 0, 1);
  const counts = new Array<number>(Math.ceil(durationMs / windowMs)).fill(0);
  checkInteger("windows of the trace", counts.length, 1, MAX_STEPS);
  for (const time of times) {
    // The last instant of the round belongs to its last window.
    const window = Math.min(Math.floor(time / windowMs), counts.length - 1);
    counts[window] = (counts[window] as number) + 1;
  }
  const steps = counts.map((count, window) => {
    const lengthMs = Math.min(windowMs, durationMs - window * windowMs);
    return { atMs: window * windowMs, bandwidthBytesPerSecond: (count * MAHIMAHI_BYTES * 1000) / lengthMs };
  });
  const trace: LinkTrace = { format: LINK_TRACE_FORMAT, durationMs, steps };
  compileTrace(trace, {});
  return trace;
}

function compileStep(step: LinkTraceStep, index: number, base: LinkOptions): TraceParameters {
  const label = `trace.steps[${index}]`;
  if (typeof step !== "object" || step === null) {
    throw new RangeError(`"${label}" expected an object, got ${String(step)}`);
  }
  const { atMs, ...options } = step;
  checkNumber(`${label}.atMs`, atMs, 0, MAX_DURATION_MS);
  const isStopped = options.bandwidthBytesPerSecond === 0;
  if (isStopped) delete (options as { bandwidthBytesPerSecond?: number }).bandwidthBytesPerSecond;
  try {
    const parameters = checkLinkOptions(mergeOptions(base, options));
    return { atMs, parameters: isStopped ? { ...parameters, bytesPerMs: 0 } : parameters };
  } catch (error) {
    throw new RangeError(`"${label}": ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** A step that says how much is lost replaces all that the other options say about loss. */
function mergeOptions(base: LinkOptions, step: LinkOptions): LinkOptions {
  const saysLoss = step.loss !== undefined || step.burst !== undefined || step.gilbertElliott !== undefined;
  if (!saysLoss) return { ...base, ...step };
  const { loss: _loss, burst: _burst, gilbertElliott: _model, delayTailInBad: _tail, ...rest } = base;
  return { ...rest, ...step };
}
