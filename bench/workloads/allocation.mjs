// P7: heap allocated for each datagram in steady state, and the pauses that come of it.
import { cell, middle, summarise, table } from "../lib/figures.mjs";
import { interleavePairs } from "../lib/round.mjs";
import { RAW, sortie } from "./systems.mjs";

const GAME = { connections: 128, sockets: 4, bytes: 64 };
const SHAPES = [
  {
    title: "received: 64 bytes in",
    server: { echo: false, tickRate: 60 },
    load: { loop: "open", perSecond: 32, ...GAME },
  },
  {
    title: "sent: 200 bytes out every tick",
    server: { echo: false, tickRate: 60, tickBytes: 200 },
    load: { loop: "idle", ...GAME },
  },
  { title: "echo", server: { echo: true }, load: { loop: "closed", inFlight: 1, ...GAME } },
  {
    title: "P4: 2,000 peers, 30 Hz both ways",
    server: { echo: false, tickRate: 30, tickBytes: 256 },
    load: { loop: "open", connections: 2000, perSecond: 30, sockets: 16, bytes: 64 },
  },
];

export async function allocation({ rounds, seconds, warmupMs, locked, isQuick, ...options }) {
  const lines = ["## P7: heap allocated per datagram, and pauses", ""];
  const rows = [];
  for (const { title, server, load } of isQuick ? SHAPES.slice(0, 3) : SHAPES) {
    const cases = [...sortie(options, "unreliable", server), RAW];
    const runs = await locked(() =>
      interleavePairs(cases, rounds, (one) => ({
        system: one.system,
        server: { ...server, ...one.server },
        load: { ...load, delivery: one.delivery },
        warmupMs: warmupMs + (load.connections > 1000 ? 2000 : 0),
        measureMs: seconds * 1000,
      })),
    );
    const both = cases.map(({ name }, i) => ({ title, name, ...summarise(runs[i]) }));
    const floorBytes = both.at(-1).heapBytesPerDatagram.median;
    for (const row of both.slice(0, -1)) row.aboveBytes = row.heapBytesPerDatagram.median - floorBytes;
    rows.push(...both);
  }
  lines.push(
    "Datagrams of both directions count, acknowledgements among them.",
    "",
    ...table(
      [
        ["shape", (row) => row.title],
        ["system", (row) => row.name],
        ["heap bytes per datagram", (row) => cell(row.heapBytesPerDatagram, 0)],
        ["above node:dgram", (row) => row.aboveBytes?.toFixed(0) ?? ""],
        ["longest pause, ms", (row) => cell(row.longestPauseMs)],
        ["time in pauses", (row) => `${(100 * row.pauseShare.median).toFixed(2)} %`],
        ["datagrams/s", (row) => middle(row.datagramsPerSecond, 0)],
      ],
      rows,
    ),
    "",
  );
  return { lines, data: rows };
}
