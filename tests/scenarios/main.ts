import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { SCENARIOS } from "./index.js";
import { CONTROLLER_NAMES, type ControllerName } from "./lib/controllers.js";
import { formatTable } from "./lib/report.js";
import { hasPassed, jobsOf, type Run, runJob } from "./lib/run-scenarios.js";

const DEFAULT_SEEDS = [1, 2, 3];

const USAGE = `npm run scenarios -- [S4 ...] [options]
  --seed N           one seed in place of ${DEFAULT_SEEDS.join(", ")}
  --controller NAME  congestion controller of both sides: ${CONTROLLER_NAMES.join(", ")}
  --quick            the short versions that the test run has
  --json FILE        also write all figures to FILE`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seed: { type: "string" },
      controller: { type: "string", default: "default" },
      quick: { type: "boolean", default: false },
      json: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const scenarios = chosen(positionals);
  const seeds = values.seed === undefined ? DEFAULT_SEEDS : [seedOf(values.seed)];
  const controller = controllerOf(values.controller);
  const runs: Run[] = [];
  for (const job of jobsOf(scenarios, seeds, controller, values.quick)) {
    const run = await runJob(job);
    runs.push(run);
    const verdict = hasPassed(run) ? "PASS" : "FAIL";
    console.error(`${verdict} ${run.scenario} ${run.variant} seed ${run.seed} (${(run.tookMs / 1000).toFixed(1)} s)`);
  }
  console.log(formatTable(runs));
  if (values.json !== undefined) {
    mkdirSync(dirname(values.json), { recursive: true });
    writeFileSync(values.json, `${JSON.stringify({ runs }, undefined, 1)}\n`);
  }
  return runs.every(hasPassed) ? 0 : 1;
}

function chosen(ids: readonly string[]) {
  const wanted = ids.map((id) => id.toUpperCase());
  const unknown = wanted.filter((id) => !SCENARIOS.some((scenario) => scenario.id === id));
  if (unknown.length > 0) {
    const known = SCENARIOS.map(({ id }) => id).join(", ");
    throw new RangeError(`scenario expected one of ${known}, got "${unknown.join('", "')}"`);
  }
  return wanted.length === 0 ? SCENARIOS : SCENARIOS.filter(({ id }) => wanted.includes(id));
}

function seedOf(text: string): number {
  const seed = Number(text);
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffff_ffff) {
    throw new RangeError(`"--seed" expected an integer in 0..4294967295, got "${text}"`);
  }
  return seed;
}

function controllerOf(name: string): ControllerName {
  const found = CONTROLLER_NAMES.find((known) => known === name);
  if (found === undefined) {
    throw new RangeError(`"--controller" expected one of ${CONTROLLER_NAMES.join(", ")}, got "${name}"`);
  }
  return found;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof RangeError ? error.message : error);
  process.exitCode = 1;
}
