// P9: 64 MiB in order from the server to one client.
import { cell, summarise, table } from "../lib/figures.mjs";
import { ask, start, stop } from "../lib/processes.mjs";
import { interleave } from "../lib/round.mjs";
import { baselines, sortie, WS, WSS } from "./systems.mjs";

const file = (path) => new URL(`../${path}`, import.meta.url);
const MEBIBYTE = 1024 * 1024;
const MESSAGE_BYTES = 64 * 1024;
/** Messages that the server has on their way: enough for any path, and a bound to what it queues. */
const IN_FLIGHT = 32;

export async function bulk({ rounds, locked, isQuick, ...options }) {
  const totalBytes = (isQuick ? 16 : 64) * MEBIBYTE;
  const wide = { sendRateBytesPerSecond: 1_000_000_000, receiveWindowBytes: 16 * MEBIBYTE };
  const cases = [...sortie(options, "ordered", { options: { ...wide, mtu: 1452 } }), ...baselines(options, WS, WSS)];
  const runs = await locked(() => interleave(cases, rounds, (one) => transfer(one, totalBytes, wide)));
  const rows = cases.map(({ name }, i) => ({ name, ...summarise(runs[i]) }));
  const lines = [
    `## P9: ${totalBytes / MEBIBYTE} MiB in order, server to client, in messages of ${MESSAGE_BYTES / 1024} KiB`,
    "",
    `${rounds} transfers each, interleaved.`,
    "",
    ...table(
      [
        ["system", (row) => row.name],
        ["MB/s", (row) => cell(row.megabytesPerSecond)],
        ["server CPU per MB, ms", (row) => cell(row.serverMsPerMegabyte, 2)],
        ["client CPU per MB, ms", (row) => cell(row.loadMsPerMegabyte, 2)],
        ["datagrams sent again", (row) => (row.lostShare ? `${(100 * row.lostShare.median).toFixed(2)} %` : "")],
      ],
      rows,
    ),
    "",
  ];
  return { lines, data: { rows, runs } };
}

async function transfer({ system, server, delivery }, totalBytes, protocolOptions) {
  const config = { ...server, bulk: { totalBytes, messageBytes: MESSAGE_BYTES, inFlight: IN_FLIGHT } };
  const side = await start(file(`systems/${system}-server.mjs`), [JSON.stringify(config)]);
  const load = { loop: "bulk", connections: 1, sockets: 1, delivery, totalBytes, protocolOptions };
  const client = await start(file("load/main.mjs"), [JSON.stringify({ ...load, target: { ...side.first, system } })]);
  const before = [await ask(side.child, "figures"), await ask(client.child, "figures")];
  const { elapsedMs } = await ask(client.child, "bulk");
  const after = [await ask(side.child, "figures"), await ask(client.child, "figures")];
  await stop(client.child, side.child);
  const megabytes = totalBytes / 1e6;
  return {
    megabytesPerSecond: (megabytes * 1000) / elapsedMs,
    serverMsPerMegabyte: (after[0].cpuMs - before[0].cpuMs) / megabytes,
    loadMsPerMegabyte: (after[1].cpuMs - before[1].cpuMs) / megabytes,
    lostShare: after[0].packetsLost === undefined ? undefined : after[0].packetsLost / after[0].packetsSent,
  };
}
