// npm run fuzz -- [target...] [options]: coverage-guided fuzzing of the sources as they stand.
import { randomInt } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";

const USAGE = `npm run fuzz -- [target...] [options]
  --seconds N     for each target (default 60)
  --runs N        mutated inputs for each target, at the most: with --seed the same run again
  --seed N        0..4294967295 (default: a random one, which is printed)
  --jobs N        targets at a time (default 1)
  --update        writes the corpus of the target anew, with what this run found, as small as it gets
  --replay FILE   runs one target on one input and ends`;

/** ms. An execution takes far less than one; a whole virtual session of two connections up to 100. */
const HANG_MS = 20_000;
/** MiB. No target needs more than a few dozen: an input that does has found a leak. */
const MAX_HEAP_MIB = 512;
/** bytes. Room for the input under way; no target takes longer ones. */
const HEARTBEAT_BYTES = 8 + 65_536;

const here = (path) => new URL(path, import.meta.url);
const NOT_TARGETS = new Set(["index.ts"]);
const allTargets = readdirSync(here("targets"))
  .filter((name) => name.endsWith(".ts") && !NOT_TARGETS.has(name))
  .map((name) => name.replace(/\.ts$/, ""));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "60" },
    runs: { type: "string", default: "Infinity" },
    seed: { type: "string", default: String(randomInt(2 ** 32)) },
    jobs: { type: "string", default: "1" },
    update: { type: "boolean", default: false },
    replay: { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  },
});

process.exitCode = await main();

async function main() {
  const unknown = positionals.filter((name) => !allTargets.includes(name));
  if (values.help || unknown.length > 0) {
    for (const name of unknown) console.error(`there is no target "${name}"`);
    console.log(`${USAGE}\n\ntargets:\n  ${allTargets.join("\n  ")}`);
    return unknown.length > 0 ? 1 : 0;
  }
  if (values.replay !== undefined) return replay(positionals[0], values.replay);
  const options = {
    seconds: Number(values.seconds),
    runs: Number(values.runs),
    seed: Number(values.seed) >>> 0,
    update: values.update,
  };
  console.log(`seed ${options.seed}`);
  const waiting = positionals.length > 0 ? [...positionals] : [...allTargets];
  let findings = 0;
  const work = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) findings += await fuzz(name, options);
  };
  await Promise.all(Array.from({ length: Number(values.jobs) }, work));
  return findings > 0 ? 1 : 0;
}

/** Runs one target in a thread of its own and watches it; returns how many findings there are. */
async function fuzz(name, options) {
  const memory = new SharedArrayBuffer(HEARTBEAT_BYTES);
  const worker = startWorker({ target: name, options, memory });
  const [executions, length] = [new Int32Array(memory, 0, 1), new Int32Array(memory, 4, 1)];
  length[0] = -1; // none is under way while the thread loads the sources
  let [last, lastAt, hangs] = [0, performance.now(), false];
  const watch = setInterval(() => {
    const isIdle = length[0] < 0 || executions[0] !== last;
    if (isIdle) [last, lastAt] = [executions[0], performance.now()];
    else if (performance.now() - lastAt > HANG_MS) {
      hangs = true;
      void worker.terminate();
    }
  }, 500);
  const { summary, error } = await outcomeOf(worker);
  clearInterval(watch);
  if (summary !== undefined) return report(name, options, summary);
  const input = new Uint8Array(memory, 8, Math.max(0, length[0])).slice();
  const text = hangs ? `hangs: longer than ${HANG_MS} ms` : (error?.stack ?? "the thread ended without a word");
  const path = writeFinding(name, input, `${text}\nseed ${options.seed}`);
  console.log(`${name}: ${text}\n  ${path}`);
  return 1;
}

function report(name, options, summary) {
  const { executions, executionsPerSecond, pointsReached, pointsTotal, corpus, added, findings } = summary;
  console.log(
    `${name}: ${executions} executions, ${Math.round(executionsPerSecond)}/s, ` +
      `${pointsReached} of ${pointsTotal} points, corpus ${corpus}, ${added} new, ` +
      `${findings.length} findings, seed ${options.seed}`,
  );
  for (const path of findings) console.log(`  ${path}\n  ${readFileSync(`${path}.txt`, "utf8").split("\n")[0]}`);
  return findings.length;
}

async function replay(name, file) {
  if (name === undefined) {
    console.error("--replay needs the name of one target");
    return 1;
  }
  const { summary, error } = await outcomeOf(startWorker({ target: name, replay: new Uint8Array(readFileSync(file)) }));
  console.log(summary === undefined ? (error?.stack ?? "the thread ended without a word") : "no property is broken");
  return summary === undefined ? 1 : 0;
}

function startWorker(workerData) {
  return new Worker(here("lib/worker.mjs"), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MIB },
  });
}

function outcomeOf(worker) {
  return new Promise((resolve) => {
    let summary;
    worker.on("message", (message) => (summary = message));
    worker.on("error", (error) => resolve({ error }));
    worker.on("exit", () => resolve({ summary }));
  });
}

/** For inputs that ended their thread; other findings are written by the thread itself, smaller. */
function writeFinding(name, input, text) {
  mkdirSync(here("findings"), { recursive: true });
  const path = fileURLToPath(here(`findings/${name}-ended-${process.pid}`));
  writeFileSync(path, input);
  writeFileSync(`${path}.txt`, `${text}\n\nReplay: node fuzz/run.mjs ${name} --replay ${path}\n`);
  return path;
}
