import { checkOptionNames, describeValue } from "@sortie/transport";
import { checkInteger, checkNumber, type OptionNames } from "./check.js";
import { checkLinkOptions, type LinkOptions, type LinkParameters, MIN_DEFAULT_QUEUE_BYTES } from "./link-options.js";
import { meanLoss } from "./loss-model.js";

/** What every trace says it is. */
export const LINK_TRACE_FORMAT = "sortie-link-trace/1";

/**
 * What a link is from `atMs` on, until the next step. What a step leaves out is as in the link's other options. One
 * with `loss` or `gilbertElliott` replaces all that those say of loss, `burst` alone keeps their mean loss. Where the
 * latency falls, new datagrams may overtake old ones.
 */
export interface LinkTraceStep extends LinkOptions {
  /** ms from the start of the trace. */
  readonly atMs: number;
  /**
   * bytes/s as in the options, or 0: nothing leaves the queue until a later step. The queue's default room is then what
   * it was in the step before, or else in the link's other options, or else 15,000 bytes.
   */
  readonly bandwidthBytesPerSecond?: number | undefined;
}

/**
 * A link that changes with time: recorded from a real one, or written by hand. As JSON it is a trace file. The trace
 * begins with the first datagram that a link carries, and starts over when it ends.
 */
export interface LinkTrace {
  readonly format: typeof LINK_TRACE_FORMAT;
  /** Where it comes from, for people. */
  readonly name?: string | undefined;
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

const TRACE_NAMES: OptionNames<LinkTrace> = { format: true, name: true, durationMs: true, steps: true };

/**
 * The steps of a trace over the link's other options. Throws RangeError that names step and field; for the other
 * options as `checkLinkOptions` does.
 * @param label what the link is called in messages about `base`
 */
export function compileTrace(trace: LinkTrace, base: LinkOptions, label: string = "link"): TraceParameters[] {
  if (typeof trace !== "object" || trace === null || trace.format !== LINK_TRACE_FORMAT) {
    const got = typeof trace === "object" && trace !== null ? String(trace.format) : String(trace);
    throw new RangeError(`"trace.format" expected "${LINK_TRACE_FORMAT}", got "${got}"`);
  }
  asRangeError(() => checkOptionNames(trace, TRACE_NAMES, "trace"));
  const { steps, name } = trace;
  if (name !== undefined && typeof name !== "string") {
    throw new RangeError(`"trace.name" expected a string, got ${String(name)}`);
  }
  if (!Array.isArray(steps)) throw new RangeError(`"trace.steps" expected an array, got ${typeof steps}`);
  checkInteger("trace.steps.length", steps.length, 1, MAX_STEPS);
  const baseParameters = checkLinkOptions(base, label);
  const compiled: TraceParameters[] = [];
  steps.forEach((step: LinkTraceStep, index) => {
    compiled.push(compileStep(step, index, base, compiled.at(-1)?.parameters ?? baseParameters, baseParameters));
  });
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
 * queue are not in such a file: they come from the link's other options. RangeError for anything but such lines,
 * TypeError for what is no text.
 */
export function linkTraceFromMahimahi(text: string, windowMs: number = 100): LinkTrace {
  if (typeof text !== "string") throw new TypeError(`"text" expected a string, got ${describeValue(text)}`);
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

/** @param before - the step before, or else the other options. */
function compileStep(
  step: LinkTraceStep,
  index: number,
  base: LinkOptions,
  before: LinkParameters,
  baseParameters: LinkParameters,
): TraceParameters {
  const label = `trace.steps[${index}]`;
  if (typeof step !== "object" || step === null) {
    throw new RangeError(`"${label}" expected an object, got ${String(step)}`);
  }
  const { atMs, ...options } = step;
  checkNumber(`${label}.atMs`, atMs, 0, MAX_DURATION_MS);
  const isStopped = options.bandwidthBytesPerSecond === 0;
  if (isStopped) delete (options as { bandwidthBytesPerSecond?: number }).bandwidthBytesPerSecond;
  return asRangeError(() => {
    const merged = mergeOptions(base, options);
    const parameters = checkLinkOptions(merged);
    if (!isStopped) return { atMs, parameters };
    const { queueBytes = stoppedQueueBytes(before, baseParameters) } = merged;
    return { atMs, parameters: { ...parameters, bytesPerMs: 0, queueBytes } };
  }, label);
}

/** bytes. Room of a queue that nothing leaves: a rate to size it by is that of another time. */
function stoppedQueueBytes(before: LinkParameters, base: LinkParameters): number {
  if (before.bytesPerMs !== Infinity) return before.queueBytes;
  return base.bytesPerMs !== Infinity ? base.queueBytes : MIN_DEFAULT_QUEUE_BYTES;
}

/**
 * What a step says replaces what the other options say. A link has one loss model: a step that says how much is lost
 * replaces all that they say of loss, and one that only says how long bursts are keeps how much.
 */
function mergeOptions(base: LinkOptions, step: LinkOptions): LinkOptions {
  const said = Object.fromEntries(Object.entries(step).filter(([, value]) => value !== undefined)) as LinkOptions;
  if (said.loss === undefined && said.burst === undefined && said.gilbertElliott === undefined) {
    return { ...base, ...said };
  }
  const { loss, burst: _burst, gilbertElliott: model, delayTailInBad: _tail, ...rest } = base;
  if (said.loss !== undefined || said.gilbertElliott !== undefined) return { ...rest, ...said };
  const kept = model === undefined ? loss : meanLoss(model);
  return { ...rest, ...(kept === undefined ? {} : { loss: kept }), ...said };
}

/** A trace may be a file of anybody's: whatever is wrong with it is one kind of error. */
function asRangeError<T>(check: () => T, label?: string): T {
  try {
    return check();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new RangeError(label === undefined ? message : `"${label}": ${message}`);
  }
}
