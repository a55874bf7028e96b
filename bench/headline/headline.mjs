// P3a, the original's headline: 128 peers, 32 messages of 64 bytes per second each, echoed by a server at 60 ticks/s;
// beside it, interleaved, a bare node:dgram echo.
import { cell, summarise } from "../lib/figures.mjs";
import { ask, sleep, start, stop } from "../lib/processes.mjs";

const file = (name) => new URL(name, import.meta.url);

export async function headline({ keys, rounds, seconds, clients }) {
  const runs = { sortie: [], raw: [] };
  for (let round = 0; round < rounds; round++) {
    runs.sortie.push(await measure("sortie", { keys, seconds, clients }));
    runs.raw.push(await measure("raw", { keys, seconds, clients }));
  }
  const rows = [
    { name: "sortie, encrypted, 60 ticks/s", ...summarise(runs.sortie) },
    { name: "bare node:dgram echo", ...summarise(runs.raw) },
  ];
  const ratio = rows[0].cpuShare.median / rows[1].cpuShare.median;
  const lines = [
    `## P3a: ${clients} peers, each 32 messages of 64 bytes per second, all echoed`,
    "",
    `${rounds} rounds of ${seconds} s each, interleaved; median (min..max).`,
    "",
    `| server | CPU, share of a core | CPU per message, microseconds | messages/s | datagrams per message | ticks/s | tick late p99, ms | round trip p50 / p99, ms | echoed of sent |`,
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ...rows.map(tableRow),
    "",
    `Ratio of CPU, sortie to bare echo: ${ratio.toFixed(2)}.`,
    "",
  ];
  return { lines, data: { clients, seconds, rounds, ratio, rows, runs } };
}

function tableRow(row) {
  const echoed = ((100 * row.echoed.median) / row.sent.median).toFixed(2);
  const cells = [
    row.name,
    cell(row.cpuShare, 3),
    cell(row.cpuMicrosPerMessage, 1),
    cell(row.messagesPerSecond, 0),
    cell(row.datagramsPerMessage, 2),
    cell(row.ticksPerSecond, 1),
    cell(row.lateP99Ms, 2),
    `${row.rttP50Ms.median.toFixed(2)} / ${row.rttP99Ms.median.toFixed(2)}`,
    `${echoed} %`,
  ];
  return `| ${cells.join(" | ")} |`;
}

async function measure(kind, { keys, seconds, clients }) {
  const server = await start(file(`${kind}-server.mjs`), [keys.privateKeyPath]);
  const load = await start(file(`${kind}-load.mjs`), [String(server.first.port), keys.publicKeyPath, String(clients)]);
  await sleep(2000);
  const before = await ask(server.child, "figures");
  load.child.send("start");
  await sleep(seconds * 1000);
  const outcome = await ask(load.child, "stop");
  const after = await ask(server.child, "figures");
  await stop(load.child, server.child);
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
