import type { ControllerName } from "./controllers.js";

/** How a scenario runs: what the table and the short version in the test run differ in. */
export interface RunContext {
  /** 0..2^32-1. The same seed gives the same run, over the memory network. */
  readonly seed: number;
  /** Whether to run the short version: the same conditions for a shorter time. */
  readonly quick: boolean;
  readonly controller: ControllerName;
}

/** Kinds of faults that a check names. */
const SHOWN_FAULTS = 4;

/** One line of what a scenario must show. */
export interface Check {
  readonly mustShow: string;
  /** What was measured, with its unit. */
  readonly measured: string;
  readonly pass: boolean;
}

/** What one variant of a scenario gave with one seed. */
export interface Outcome {
  readonly checks: readonly Check[];
  /** Figures beside those that are judged. */
  readonly notes?: Readonly<Record<string, number | string>>;
  /** For plots: samples over virtual time. */
  readonly series?: Series;
}

/** Samples over time; every array has as many entries as `atMs`. */
export interface Series {
  readonly atMs: number[];
  readonly [name: string]: number[];
}

/** One set of conditions of a scenario. */
export interface Variant {
  readonly name: string;
  run(context: RunContext): Promise<Outcome>;
}

/** Client and server by the public API over the memory network; two bare connections; the first over UDP. */
export type Engine = "client and server" | "connection pair" | "real UDP";

export interface Scenario {
  /** "S1" .. "S13". */
  readonly id: string;
  readonly title: string;
  readonly engine: Engine;
  /** Conditions that the title leaves open, for the reader of the results. */
  readonly conditions: string;
  /** The short version may have fewer. */
  variants(quick: boolean): readonly Variant[];
}

/** A check of `value <= limit`. */
export function atMost(what: string, value: number, limit: number, unit: string): Check {
  return { mustShow: `${what} <= ${show(limit, unit)}`, measured: show(value, unit), pass: value <= limit };
}

/** A check of `value >= limit`. */
export function atLeast(what: string, value: number, limit: number, unit: string): Check {
  return { mustShow: `${what} >= ${show(limit, unit)}`, measured: show(value, unit), pass: value >= limit };
}

/** A check of `value === expected`. */
export function exactly(what: string, value: number | string, expected: number | string): Check {
  return { mustShow: `${what}: ${expected}`, measured: String(value), pass: value === expected };
}

/** A check that nothing went wrong; "" is no fault, and equal ones are counted. */
export function noFaults(what: string, faults: readonly string[]): Check {
  const counts = new Map<string, number>();
  for (const fault of faults) if (fault !== "") counts.set(fault, (counts.get(fault) ?? 0) + 1);
  const kinds = [...counts].map(([fault, count]) => (count === 1 ? fault : `${count} times: ${fault}`));
  const more = kinds.length > SHOWN_FAULTS ? `; and ${kinds.length - SHOWN_FAULTS} others` : "";
  const measured = kinds.length === 0 ? "yes" : kinds.slice(0, SHOWN_FAULTS).join("; ") + more;
  return { mustShow: what, measured, pass: kinds.length === 0 };
}

/** A figure with its unit; shares as per cent. */
function show(value: number, unit: string): string {
  if (!Number.isFinite(value)) return String(value);
  if (unit === "%") return `${trim(value * 100)} %`;
  return unit === "" ? trim(value) : `${trim(value)} ${unit}`;
}

function trim(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 3;
  return String(Number(value.toFixed(digits)));
}
