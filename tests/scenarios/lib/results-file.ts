import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Run } from "./run-scenarios.js";

/** A run as it is kept: without the samples of the plots. */
export type KeptRun = Run;

/** The runs of one way of running, over the memory network or over real UDP. */
export interface Results {
  readonly memory: readonly KeptRun[];
  readonly real: readonly KeptRun[];
}

export function readResults(path: string): Results {
  if (!existsSync(path)) return { memory: [], real: [] };
  return JSON.parse(readFileSync(path, "utf8")) as Results;
}

/** Puts new runs in the place of all older ones of the same scenario and controller. */
export function mergeRuns(older: readonly KeptRun[], runs: readonly Run[]): KeptRun[] {
  const keyOf = ({ scenario, controller }: Run): string => `${scenario} ${controller}`;
  const renewed = new Set(runs.map(keyOf));
  const kept = runs.map((run) => ({ ...run, outcome: withoutSeries(run.outcome) }));
  return [...older.filter((run) => !renewed.has(keyOf(run))), ...kept].sort(
    (a, b) => Number(a.scenario.slice(1)) - Number(b.scenario.slice(1)) || a.controller.localeCompare(b.controller),
  );
}

export function writeResults(path: string, results: Results): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(results, undefined, 1)}\n`);
}

function withoutSeries({ checks, notes }: Run["outcome"]): Run["outcome"] {
  return { checks, ...(notes === undefined ? {} : { notes }) };
}
