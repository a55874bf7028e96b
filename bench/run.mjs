// npm run bench -- [P1 ...] [--quick] [--brief] [--rounds N] [--seconds N] [--no-write]
//   [--workers N] [--transport dgram|mmsg] [--crypto pure|fast|node|noble|wasm|openssl|sodium]
// Runs workloads (without a name all of them), each in processes of its own, and writes after each its figures to
// bench/results, its tables to bench/RESULTS.md (RESULTS-nodeNN.md where it is not Node 20), and what came of the
// targets to bench/TARGETS.md.
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { generateIdentity, saveIdentity } from "sortie";
import { hostile } from "./hostile/hostile.mjs";
import { whyNotFast } from "./systems/sortie-parts.mjs";
import { locked } from "./lib/lock.mjs";
import { report, thisMachine } from "./lib/report.mjs";
import { targets } from "./lib/targets.mjs";
import { allocation } from "./workloads/allocation.mjs";
import { broadcast } from "./workloads/broadcast.mjs";
import { bulk } from "./workloads/bulk.mjs";
import { echoOfMany, echoOfOne } from "./workloads/echo.mjs";
import { headline, manyPeers, stateOut } from "./workloads/game.mjs";
import { manyWorkers, mostPeers } from "./workloads/cluster.mjs";
import { handshakes } from "./workloads/handshakes.mjs";
import { memoryOfPeers } from "./workloads/memory.mjs";

/** Each with its seconds of measuring per round. */
const WORKLOADS = {
  P1: { run: echoOfMany, seconds: 2 },
  P2: { run: echoOfOne, seconds: 2 },
  P3a: { run: headline, seconds: 5 },
  P3b: { run: stateOut, seconds: 5 },
  P4: { run: manyPeers, seconds: 6 },
  P4w: { run: manyWorkers, seconds: 6 },
  P4max: { run: mostPeers, seconds: 3 },
  P5: { run: handshakes, seconds: 4 },
  P6: { run: memoryOfPeers, seconds: 0 },
  P7: { run: allocation, seconds: 4 },
  P8: { run: broadcast, seconds: 4 },
  P9: { run: bulk, seconds: 0 },
  hostile: { run: hostile, seconds: 5 },
};

/** ms, where it is not 2000. V8 compiles for five seconds at saturation, at a game's pace for ten and more. */
const WARM_UP_MS = {
  P1: 8000,
  P2: 8000,
  P3a: 14_000,
  P3b: 14_000,
  P4: 10_000,
  P4w: 6000,
  P5: 12_000,
  P7: 12_000,
  P8: 10_000,
};

/** The version of Node whose tables are in RESULTS.md. */
const MAIN_NODE = "20";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    brief: { type: "boolean", default: false },
    rounds: { type: "string" },
    seconds: { type: "string" },
    workers: { type: "string" },
    transport: { type: "string" },
    crypto: { type: "string" },
    "no-write": { type: "boolean", default: false },
  },
});
const names = positionals.length > 0 ? positionals : Object.keys(WORKLOADS);
for (const name of names) {
  if (!(name in WORKLOADS)) {
    throw new Error(`"workload" expected one of ${Object.keys(WORKLOADS).join(", ")}, got "${name}"`);
  }
}
const rounds = numberOption("rounds", values.quick ? 3 : 5);
const variants = await chosenVariants();

const folder = await mkdtemp(join(tmpdir(), "sortie-bench-"));
const keys = await saveIdentity(generateIdentity(), join(folder, "root.key"));
const node = process.versions.node.split(".")[0];
const folderUrl = new URL("results/", import.meta.url);
const resultsUrl = new URL(`node${node}.json`, folderUrl);
const kept = await readFile(resultsUrl, "utf8").then(JSON.parse, () => ({}));
const results = Object.fromEntries(Object.entries(kept).filter(([, result]) => Array.isArray(result.lines)));
try {
  for (const name of names) {
    const { run, seconds } = WORKLOADS[name];
    const { lines, data } = await run({
      keys,
      rounds,
      seconds: numberOption("seconds", values.quick ? Math.min(seconds, 2) : seconds),
      warmupMs: WARM_UP_MS[name] ?? 2000,
      variants,
      isQuick: values.quick,
      isBrief: values.brief,
      locked,
      workers: numberOption("workers", 2),
    });
    // Runs with chosen parts stand beside those of the two sets.
    const key = variants[0].isChosen ? `${name}+${variants[0].name}` : name;
    results[key] = { ...thisMachine(), quick: values.quick, lines, data };
    console.log(lines.join("\n"));
    if (!values["no-write"]) await write();
  }
} finally {
  await rm(folder, { recursive: true });
}

async function write() {
  await writeFile(resultsUrl, `${JSON.stringify(results, withoutRounds, 1)}\n`);
  const tables = node === MAIN_NODE ? "RESULTS.md" : `RESULTS-node${node}.md`;
  await writeFile(new URL(tables, import.meta.url), report(results, Object.keys(WORKLOADS)));
  const byNode = {};
  for (const name of await readdir(folderUrl)) {
    const [, major] = /^node(\d+)\.json$/.exec(name) ?? [];
    if (major !== undefined) byNode[major] = JSON.parse(await readFile(new URL(name, folderUrl), "utf8"));
  }
  await writeFile(new URL("TARGETS.md", import.meta.url), targets(byNode));
}

/** Single rounds are summed up by median, least and greatest. */
function withoutRounds(key, value) {
  return key === "runs" ? undefined : value;
}

function numberOption(name, fallback) {
  if (values[name] === undefined) return fallback;
  const value = Number(values[name]);
  if (!(value > 0)) throw new RangeError(`"--${name}" expected a number above 0, got "${values[name]}"`);
  return value;
}

/** The two sets, as far as they are here; or the one that the command line asks for. */
async function chosenVariants() {
  const { transport, crypto } = values;
  if (transport !== undefined || crypto !== undefined) {
    const parts = { transport: transport ?? "dgram", crypto: crypto ?? "pure" };
    return [{ name: `${parts.transport} ${parts.crypto}`, isChosen: true, ...parts }];
  }
  const pure = { name: "pure", transport: "dgram", crypto: "pure" };
  const reason = await whyNotFast();
  if (reason === undefined) return [pure, { name: "fast", transport: "mmsg", crypto: "fast" }];
  console.log(`Without native packages (${reason}): "pure" alone.\n`);
  return [pure];
}
