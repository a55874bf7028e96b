import { parseArgs } from "node:util";
import { CONTROLLER_NAMES, type ControllerName } from "./controllers.js";

const DEFAULT_SEEDS: readonly number[] = [1, 2, 3];
const MAX_THREADS = 256;

export const USAGE = `npm run scenarios -- [S4 ...] [options]
  --seed N           one seed in place of ${DEFAULT_SEEDS.join(", ")}
  --controller NAME  congestion controller of both sides: ${CONTROLLER_NAMES.join(", ")}
  --quick            the short versions that the test run has; docs/ stays as it is
  --real             over real UDP through sortie proxy, shortened: S1, S2, S4
  --threads N        at a time (default: all cores; real ones run one after the other)
  --json FILE        also write the runs with all samples to FILE
  --no-docs          leave docs/RESULTS.md, docs/results and docs/plots as they are`;

export interface MainOptions {
  /** "S4" and so on; empty for all. */
  readonly scenarios: readonly string[];
  readonly seeds: readonly number[];
  readonly controller: ControllerName;
  readonly quick: boolean;
  readonly isReal: boolean;
  readonly threads: number | undefined;
  readonly jsonFile: string | undefined;
  /** Where results go; undefined for nowhere. */
  readonly docsFolder: string | undefined;
}

/** Reads the command line. TypeError or RangeError that says what is wrong. */
export function parseOptions(args: readonly string[]): MainOptions | "help" {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      seed: { type: "string" },
      controller: { type: "string", default: "default" },
      quick: { type: "boolean", default: false },
      real: { type: "boolean", default: false },
      threads: { type: "string" },
      json: { type: "string" },
      "no-docs": { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  const { seed, threads } = values;
  return {
    scenarios: positionals.map((id) => id.toUpperCase()),
    seeds: seed === undefined ? DEFAULT_SEEDS : [integer("--seed", seed, 0, 0xffff_ffff)],
    controller: controllerOf(values.controller),
    quick: values.quick,
    isReal: values.real,
    threads: threads === undefined ? undefined : integer("--threads", threads, 1, MAX_THREADS),
    jsonFile: values.json,
    docsFolder: values["no-docs"] ? undefined : "docs",
  };
}

function integer(label: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text !== "" && Number.isInteger(value) && value >= min && value <= max) return value;
  throw new RangeError(`"${label}" expected an integer in ${min}..${max}, got "${text}"`);
}

function controllerOf(name: string): ControllerName {
  const found = CONTROLLER_NAMES.find((known) => known === name);
  if (found !== undefined) return found;
  throw new RangeError(`"--controller" expected one of ${CONTROLLER_NAMES.join(", ")}, got "${name}"`);
}
