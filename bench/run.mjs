// pnpm bench [--rounds N] [--seconds N] [--clients N]: the original's headline workload (P3a): 128 peers, 32 messages of
// 64 bytes per second each, echoed by a server at 60 ticks/s; beside it, interleaved, a bare node:dgram echo.
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { generateIdentity, saveIdentity } from "sortie";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "10" },
    clients: { type: "string", default: "128" },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const clients = Number(values.clients);
const here = (name) => fileURLToPath(new URL(`headline/${name}`, import.meta.url));

const folder = await mkdtemp(join(tmpdir(), "sortie-bench-"));
const keys = await saveIdentity(generateIdentity(), join(folder, "root.key"));
const results = { sortie: [], raw: [] };
for (let round = 0; round < rounds; round++) {
  results.sortie.push(await measure("sortie-server.mjs", "sortie-load.mjs"));
  results.raw.push(await measure("raw-server.mjs", "raw-load.mjs"));
}
await rm(folder, { recursive: true });
const rows = [summary("sortie, encrypted, 60 ticks/s", results.sortie), summary("bare node:dgram echo", results.raw)];
const ratio = rows[0].cpuShare.median / rows[1].cpuShare.median;
const text = report(rows, ratio);
console.log(text);
await writeFile(fileURLToPath(new URL("RESULTS.md", import.meta.url)), text);
await writeFile(
  fileURLToPath(new URL("results.json", import.meta.url)),
  `${JSON.stringify({ node: process.version, clients, seconds, rounds, ratio, rows, results }, undefined, 2)}\n`,
);

async function measure(serverFile, loadFile) {
  const server = fork(here(serverFile), [keys.privateKeyPath]);
  const [{ port }] = await once(server, "message");
  const load = fork(here(loadFile), [String(port), keys.publicKeyPath, String(clients)]);
  await once(load, "message");
  await sleep(2000);
  const before = await ask(server, "counters");
  load.send("start");
  await sleep(seconds * 1000);
  const outcome = await ask(load, "stop");
  const after = await ask(server, "counters");
  load.send("exit");
  server.send("exit");
  await Promise.all([once(load, "exit"), once(server, "exit")]);
  const wallMs = after.atMs - before.atMs;
  const cpuMs = after.cpuMs - before.cpuMs;
  const messages = after.messages - before.messages;
  return {
    ...outcome,
    cpuShare: cpuMs / wallMs,
    cpuMicrosPerMessage: (cpuMs * 1000) / messages,
    messagesPerSecond: (messages * 1000) / wallMs,
    datagramsPerMessage: (after.datagrams - before.datagrams) / messages,
    lateP99Ms: after.lateP99Ms,
    ticksPerSecond: after.ticks === undefined ? undefined : ((after.ticks - before.ticks) * 1000) / wallMs,
  };
}

function summary(name, runs) {
  const row = { name };
  for (const key of Object.keys(runs[0])) {
    const sorted = runs.map((run) => run[key]).filter((value) => value !== undefined).sort((a, b) => a - b);
    if (sorted.length > 0) {
      row[key] = { median: sorted[sorted.length >> 1], min: sorted[0], max: sorted.at(-1) };
    }
  }
  return row;
}

function report(rows, ratio) {
  const cell = (value, digits) => (value === undefined ? "" : `${value.median.toFixed(digits)} (${value.min.toFixed(digits)}..${value.max.toFixed(digits)})`);
  const lines = [
    "# Benchmark results",
    "",
    `Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}: Node ${process.version}, ${cpus().length} x ${cpus()[0].model.trim()}.`,
    `${rounds} rounds of ${seconds} s each, interleaved; median (min..max).`,
    "",
    `## P3a: ${clients} peers, each 32 messages of 64 bytes per second, all echoed`,
    "",
    "| server | CPU, share of a core | CPU per message, microseconds | messages/s | datagrams per message | ticks/s | tick late p99, ms | round trip p50 / p99, ms | echoed of sent |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
  ];
  for (const row of rows) {
    const echoed = ((100 * row.echoed.median) / row.sent.median).toFixed(2);
    lines.push(
      `| ${row.name} | ${cell(row.cpuShare, 3)} | ${cell(row.cpuMicrosPerMessage, 1)} | ${cell(row.messagesPerSecond, 0)} | ` +
        `${cell(row.datagramsPerMessage, 2)} | ${cell(row.ticksPerSecond, 1)} | ${cell(row.lateP99Ms, 2)} | ` +
        `${row.rttP50Ms.median.toFixed(2)} / ${row.rttP99Ms.median.toFixed(2)} | ${echoed} % |`,
    );
  }
  lines.push("", `Ratio of CPU, sortie to bare echo: ${ratio.toFixed(2)}.`, "");
  return lines.join("\n");
}

function ask(child, request) {
  const answer = once(child, "message").then(([message]) => message);
  child.send(request);
  return answer;
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
