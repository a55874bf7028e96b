// P4w: P4 with several workers against one process, with and without game work. P4max: how many peers each can have.
import { cell, middle, summarise, table } from "../lib/figures.mjs";
import { interleave, runRound } from "../lib/round.mjs";
import { LOAD_BOUND, LOAD_NOTE, sortie } from "./systems.mjs";

const COLUMNS = [
  ["server", (row) => row.name],
  ["server, cores", (row) => cell(row.cpuShare, 3)],
  ["CPU per message, µs", (row) => cell(row.cpuMicrosPerMessage)],
  ["CPU per datagram, µs", (row) => middle(row.cpuMicrosPerDatagram)],
  ["messages in/s", (row) => middle(row.messagesPerSecond, 0)],
  ["ticks/s", (row) => middle(row.ticksPerSecond)],
  ["tick late p50 / p99, ms", (row) => `${middle(row.lateP50Ms, 2)} / ${cell(row.lateP99Ms, 2)}`],
  ["tick busy p99, ms", (row) => middle(row.busyP99Ms, 2)],
  ["over budget or skipped", (row) => percent(row.overrunShare?.median)],
  ["arrived of sent", (row) => percent(row.receivedOfSent?.median)],
  ["passed on, of messages", (row) => (row.forwardedShare === undefined ? "" : percent(row.forwardedShare.median))],
  ["lost on the way", (row) => middle(row.forwardedLost, 0)],
  ["peers at the fullest worker", (row) => (row.mostPeersShare ? percent(row.mostPeersShare.median) : "")],
  ["ended", (row) => middle(row.ended, 0)],
  ["load, cores", (row) => middle(row.loadCpuShare, 2) + (row.loadCpuShare?.median > LOAD_BOUND ? " (!)" : "")],
];

/** Sockets of the load: the system spreads sockets over the workers, and each carries many clients. */
const SOCKETS = 64;
/** Peers tried for the most that are sustained. */
const LADDER = [100, 200, 300, 400, 500, 750, 1000, 1500, 2000, 3000, 4000, 6000, 8000];
/** What counts as sustained: ticks that came in time, and messages that arrived. */
const MOST_OVERRUNS = 0.01;
const LEAST_RECEIVED = 0.98;

/** P4w, with `options.workers` workers. */
export async function manyWorkers(options) {
  const peers = options.isQuick ? 500 : 2000;
  const plain = await comparison(options, {
    title: `P4w: P4 with ${options.workers} workers: ${peers} peers at 30 Hz both ways, 64 bytes in, 256 bytes out; 30 ticks/s`,
    connections: peers,
    workMicros: 0,
  });
  const working = await comparison(options, {
    title: "The same with 500 peers, and 50 µs of game work for each message",
    connections: 500,
    workMicros: 50,
  });
  return {
    lines: [...plain.lines, ...working.lines.map((line) => line.replace(/^## /, "### "))],
    data: { plain: plain.data, working: working.data },
  };
}

/** One process, workers, and workers whose peers have all moved to other addresses. */
function casesOf(options, server) {
  const { workers } = options;
  const [one] = sortie(options, "unreliable", server).slice(-1);
  const several = { ...one, system: "sortie-cluster", server: { ...one.server, workers } };
  const set = one.name.replace("Sortie ", "").replace(", unreliable", "");
  return [
    { ...one, name: `one process, ${set}` },
    { ...several, name: `${workers} workers, ${set}` },
    { ...several, name: `${workers} workers, ${set}, all peers have moved once`, moves: 1 },
  ];
}

async function comparison(options, { title, connections, workMicros }) {
  const { rounds, seconds } = options;
  const cases = casesOf(options, { echo: false, tickRate: 30, tickBytes: 256, workMicros });
  const runs = await options.locked(() =>
    interleave(cases, rounds, (one) => run(options, one, connections, seconds * 1000)),
  );
  const rows = cases.map(({ name }, i) => ({ name, ...summarise(runs[i]) }));
  const lines = [
    `## ${title}`,
    "",
    `Open loop. ${rounds} rounds of ${seconds} s, interleaved; median (min..max).`,
    "",
    ...table(COLUMNS, rows),
    "",
    LOAD_NOTE,
    "",
  ];
  return { lines, data: { rows, runs } };
}

/** P4max: climbs the ladder with each server until a step is not sustained. */
export async function mostPeers(options) {
  const rows = [];
  for (const workMicros of [0, 50]) {
    for (const one of casesOf(options, { echo: false, tickRate: 30, tickBytes: 256, workMicros }).slice(0, 2)) {
      let sustained = 0;
      let end = "the end of the ladder";
      for (const connections of LADDER) {
        const attempt = async () => whyNotSustained(await run(options, one, connections, 3000));
        // Once more: one pause of the machine must not decide.
        const why = (await options.locked(attempt)) && (await options.locked(attempt));
        if (why === undefined) sustained = connections;
        else {
          end = `${connections}: ${why}`;
          break;
        }
      }
      rows.push({ name: one.name, workMicros, sustained, end });
    }
  }
  const columns = [
    ["server", (row) => row.name],
    ["game work per message, µs", (row) => String(row.workMicros)],
    ["most peers sustained", (row) => String(row.sustained)],
    ["what ended it", (row) => row.end],
  ];
  const lines = [
    `## P4max: the most peers as in P4, in one process and in ${options.workers} workers`,
    "",
    `Of ${LADDER.join(", ")} peers, for 3 s each, until twice more than ${percent(MOST_OVERRUNS)} of the ticks are over`,
    `budget or skipped, or less than ${percent(LEAST_RECEIVED)} of what the load sends arrives.`,
    "",
    ...table(columns, rows),
    "",
  ];
  return { lines, data: { rows } };
}

function whyNotSustained({ overrunShare, receivedOfSent, loadCpuShare, cpuShare }) {
  const shares = `server ${cpuShare.toFixed(2)}, load ${loadCpuShare.toFixed(2)} cores`;
  if (!(overrunShare <= MOST_OVERRUNS)) return `${percent(overrunShare)} of the ticks over budget (${shares})`;
  if (!(receivedOfSent >= LEAST_RECEIVED)) return `${percent(receivedOfSent)} of the messages arrived (${shares})`;
  return undefined;
}

async function run(options, one, connections, measureMs) {
  const figures = await runRound({
    system: one.system,
    server: { maxPeers: 20_000, ...one.server },
    load: { loop: "open", delivery: one.delivery, connections, perSecond: 30, bytes: 64, sockets: SOCKETS },
    moves: one.moves,
    warmupMs: options.warmupMs,
    measureMs,
  });
  // The load's "received" are what the server sends of its own; this is how much of what the load sends arrives.
  const receivedOfSent = figures.messagesPerSecond / (connections * 30);
  return { ...figures, receivedOfSent };
}

function percent(share) {
  return share === undefined || Number.isNaN(share) ? "" : `${(100 * share).toFixed(1)} %`;
}
