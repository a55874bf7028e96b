// P3 and P4: the open-loop loads of games, at a server with ticks.
import { cell, middle, summarise, table } from "../lib/figures.mjs";
import { interleavePairs } from "../lib/round.mjs";
import { baselines, COLUMNS, LOAD_NOTE, OBVIOUS, RAW, sortie, withRatios, WS, WSS } from "./systems.mjs";

const GAME_COLUMNS = [
  ["system", (row) => row.name],
  ["server, cores", (row) => cell(row.cpuShare, 3)],
  ["to bare echo", (row) => (row.ratio === undefined ? "" : row.ratio.toFixed(2))],
  ["CPU per datagram, µs", (row) => middle(row.cpuMicrosPerDatagram)],
  ["messages in/s", (row) => middle(row.messagesPerSecond, 0)],
  ["datagrams/s", (row) => middle(row.datagramsPerSecond, 0)],
  ["ticks/s", (row) => middle(row.ticksPerSecond)],
  [
    "tick late p50 / p99, ms",
    (row) => (row.lateP99Ms ? `${middle(row.lateP50Ms, 2)} / ${cell(row.lateP99Ms, 2)}` : ""),
  ],
  ["tick busy p99, ms", (row) => middle(row.busyP99Ms, 2)],
  ["over budget / skipped", (row) => (row.overruns ? `${middle(row.overruns, 0)} / ${middle(row.skipped, 0)}` : "")],
  ["received of sent", (row) => `${(100 * (row.receivedShare?.median ?? Number.NaN)).toFixed(2)} %`],
  ...COLUMNS.slice(5),
];

/** P3a, the original's headline: 128 peers, 32 messages of 64 bytes per second each, echoed; 60 ticks/s. */
export async function headline(options) {
  return game(options, {
    title: "P3a: 128 peers, each 32 messages of 64 bytes per second, all echoed; 60 ticks/s",
    systems: (server) => [...sortie(options, "unreliable", server), ...baselines(options, RAW, OBVIOUS, WS, WSS)],
    server: { echo: true, tickRate: 60 },
    load: { connections: 128, perSecond: 32, bytes: 64, sockets: 4 },
  });
}

/** P3b: the same in; every peer gets 200 bytes every tick. */
export async function stateOut(options) {
  return game(options, {
    title: "P3b: 128 peers, each 32 messages of 64 bytes per second in, and 200 bytes out every tick; 60 ticks/s",
    systems: (server) => [...sortie(options, "unreliable", server), ...baselines(options, RAW, OBVIOUS, WS)],
    server: { echo: false, tickRate: 60, tickBytes: 200 },
    load: { connections: 128, perSecond: 32, bytes: 64, sockets: 4 },
  });
}

/** P4: 2,000 peers at 30 Hz both ways, 64 bytes in and 256 out. */
export async function manyPeers(options) {
  const reliable = { connections: options.isQuick ? 500 : 2000, perSecond: 30, bytes: 64, sockets: 16 };
  return game(options, {
    title: `P4: ${reliable.connections} peers at 30 Hz both ways, 64 bytes in, 256 bytes out; 30 ticks/s`,
    systems: (server) => [...sortie(options, "unreliable", server), RAW],
    server: { echo: false, tickRate: 30, tickBytes: 256 },
    load: reliable,
  });
}

async function game(options, { title, systems, server, load }) {
  const { rounds, seconds } = options;
  const cases = systems(server);
  const runs = await options.locked(() =>
    interleavePairs(cases, rounds, (one) => ({
      system: one.system,
      server: { ...server, ...one.server },
      load: { loop: "open", delivery: one.delivery, ...load },
      warmupMs: options.warmupMs,
      measureMs: seconds * 1000,
    })),
  );
  const rows = cases.map(({ name }, i) => ({ name, ...summarise(runs[i]) }));
  withRatios(rows, "cpuShare", RAW.name);
  const lines = [
    `## ${title}`,
    "",
    `Open loop. ${rounds} rounds of ${seconds} s, interleaved; median (min..max).`,
    "",
    ...table(GAME_COLUMNS, rows),
    "",
    LOAD_NOTE,
    "",
  ];
  return { lines, data: { rows, runs } };
}
