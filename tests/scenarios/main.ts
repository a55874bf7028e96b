import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { type MainOptions, parseOptions, USAGE } from "./lib/main-options.js";
import { plotRuns, plotsOf } from "./lib/plots.js";
import { formatResults, formatTable } from "./lib/report.js";
import { mergeRuns, readResults, writeResults } from "./lib/results-file.js";
import { runParallel } from "./lib/run-parallel.js";
import { hasPassed, type Job, jobsOf, type Run, runJob } from "./lib/run-scenarios.js";
import { SCENARIOS } from "./index.js";
import { REAL_SCENARIOS } from "./real/index.js";

const RESULTS_JSON = "results/scenarios.json";
const RESULTS_PAGE = "RESULTS.md";

async function main(options: MainOptions): Promise<number> {
  const { seeds, controller, quick, isReal } = options;
  const all = isReal ? REAL_SCENARIOS : SCENARIOS;
  const chosen = choose(
    options.scenarios,
    all.map(({ id }) => id),
  );
  const jobs = jobsOf(
    all.filter(({ id }) => chosen.includes(id)),
    seeds,
    controller,
    quick,
  );
  const tell = (run: Run): void => {
    console.error(
      `${hasPassed(run) ? "pass" : "FAIL"} ${run.scenario} ${run.variant}, seed ${run.seed}, ${run.tookSeconds} s`,
    );
  };
  const runs = isReal ? await runInTurn(jobs, tell) : await runParallel(jobs, threads(options), ownUrl(), tell);
  console.log(formatTable(runs));
  if (options.jsonFile !== undefined) {
    mkdirSync(dirname(options.jsonFile), { recursive: true });
    writeFileSync(options.jsonFile, `${JSON.stringify({ runs }, undefined, 1)}\n`);
  }
  if (!quick && options.docsFolder !== undefined) writeDocs(runs, options.docsFolder, isReal);
  return runs.every(hasPassed) ? 0 : 1;
}

/** Real time is not shared: one after the other. */
async function runInTurn(jobs: readonly Job[], tell: (run: Run) => void): Promise<Run[]> {
  const runs: Run[] = [];
  for (const job of jobs) {
    const run = await runJob(job, REAL_SCENARIOS);
    runs.push(run);
    tell(run);
  }
  return runs;
}

function writeDocs(runs: readonly Run[], folder: string, isReal: boolean): void {
  const path = join(folder, RESULTS_JSON);
  const older = readResults(path);
  const results = isReal
    ? { ...older, real: mergeRuns(older.real, runs) }
    : { ...older, memory: mergeRuns(older.memory, runs) };
  writeResults(path, results);
  if (!isReal) plotRuns(runs, folder);
  writeFileSync(join(folder, RESULTS_PAGE), formatResults(results, SCENARIOS, REAL_SCENARIOS, plotsOf(folder)));
}

function choose(wanted: readonly string[], known: readonly string[]): readonly string[] {
  const unknown = wanted.filter((id) => !known.includes(id));
  if (unknown.length > 0) {
    throw new RangeError(`scenario expected one of ${known.join(", ")}, got "${unknown.join('", "')}"`);
  }
  return wanted.length === 0 ? known : wanted;
}

function threads({ threads: asked }: MainOptions): number {
  return asked ?? availableParallelism();
}

function ownUrl(): URL {
  return new URL(import.meta.url);
}

async function start(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options === "help") console.log(USAGE);
  else process.exitCode = await main(options);
}

if (isMainThread) {
  start().catch((error: unknown) => {
    console.error(error instanceof RangeError || error instanceof TypeError ? error.message : error);
    process.exitCode = 1;
  });
} else {
  parentPort?.postMessage(await runJob(workerData as Job, SCENARIOS));
}
