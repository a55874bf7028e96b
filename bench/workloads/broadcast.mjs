// P8: one message to 1,000 peers.
import { cell, middle, summarise, table } from "../lib/figures.mjs";
import { interleavePairs } from "../lib/round.mjs";
import { baselines, COLUMNS, LOAD_NOTE, OBVIOUS, RAW, sortie, withRatios, WS } from "./systems.mjs";

const BROADCASTS_PER_SECOND = 20;
const BYTES = 200;

export async function broadcast({ rounds, seconds, warmupMs, locked, isQuick, ...options }) {
  const connections = isQuick ? 200 : 1000;
  const cases = [
    ...sortie(options, "unreliable", { tickRate: BROADCASTS_PER_SECOND }),
    ...baselines(options, RAW, OBVIOUS, WS),
  ];
  const runs = await locked(() =>
    interleavePairs(cases, rounds, (one) => ({
      system: one.system,
      server: { echo: false, broadcastHz: BROADCASTS_PER_SECOND, broadcastBytes: BYTES, ...one.server },
      load: { loop: "idle", connections, sockets: 8, delivery: one.delivery },
      warmupMs,
      measureMs: seconds * 1000,
    })),
  );
  const rows = cases.map(({ name }, i) => ({ name, ...summarise(runs[i]) }));
  withRatios(rows, "cpuMicrosPerMessage", RAW.name);
  const lines = [
    `## P8: broadcast of ${BYTES} bytes to ${connections} peers, ${BROADCASTS_PER_SECOND} a second`,
    "",
    `${rounds} rounds of ${seconds} s, interleaved. Cost of everything in that time, acknowledgements included, for each message to a peer.`,
    "",
    ...table(
      [
        ["system", (row) => row.name],
        ["server CPU per peer, µs", (row) => cell(row.cpuMicrosPerMessage)],
        ["to bare sends", (row) => (row.ratio === undefined ? "" : row.ratio.toFixed(2))],
        ["messages/s", (row) => middle(row.messagesPerSecond, 0)],
        ["received/s", (row) => middle(row.receivedPerSecond, 0)],
        ...COLUMNS.slice(4, 5),
        ...COLUMNS.slice(6),
      ],
      rows,
    ),
    "",
    LOAD_NOTE,
    "",
  ];
  return { lines, data: { rows, runs } };
}
