// npm run bench -- [P3a] [hostile] [--rounds N] [--seconds N] [--clients N]: runs workloads (without a name all of
// them), each in processes of its own, and writes bench/RESULTS.md and bench/results.json.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { generateIdentity, saveIdentity } from "sortie";
import { headline } from "./headline/headline.mjs";
import { hostile } from "./hostile/hostile.mjs";

const WORKLOADS = { P3a: headline, hostile };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "10" },
    clients: { type: "string", default: "128" },
  },
});
const names = positionals.length > 0 ? positionals : Object.keys(WORKLOADS);
for (const name of names) {
  if (!(name in WORKLOADS))
    throw new Error(`"workload" expected ${Object.keys(WORKLOADS).join(" or ")}, got "${name}"`);
}

const folder = await mkdtemp(join(tmpdir(), "sortie-bench-"));
const keys = await saveIdentity(generateIdentity(), join(folder, "root.key"));
const options = {
  keys,
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  clients: Number(values.clients),
};
const resultsUrl = new URL("results.json", import.meta.url);
const results = await readFile(resultsUrl, "utf8").then(JSON.parse, () => ({}));
for (const name of names) {
  const { lines, data } = await WORKLOADS[name](options);
  const date = new Date().toISOString().slice(0, 10);
  const machine = `${cpus().length} x ${cpus()[0].model.trim()}`;
  results[name] = { date, node: process.version, machine, lines, data };
  console.log(lines.join("\n"));
}
await rm(folder, { recursive: true });
await writeFile(resultsUrl, `${JSON.stringify(results, undefined, 2)}\n`);
await writeFile(new URL("RESULTS.md", import.meta.url), report(results));

/** All workloads ever run, each with its own date and machine. */
function report(all) {
  const text = ["# Benchmark results", "", "Written by `npm run bench`.", ""];
  for (const name of Object.keys(WORKLOADS)) {
    const result = all[name];
    if (result === undefined) continue;
    const [title, ...rest] = result.lines;
    text.push(title, "", `${result.date}, Node ${result.node}, ${result.machine}.`, ...rest);
  }
  return text.join("\n");
}
