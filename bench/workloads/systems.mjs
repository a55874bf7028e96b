// The systems that workloads compare, and the columns they share.
import { cell, middle } from "../lib/figures.mjs";

/** Baselines. */
export const RAW = { name: "bare node:dgram echo", system: "dgram" };
export const OBVIOUS = { name: "the obvious TypeScript (AES-GCM per packet, string keys)", system: "obvious" };
export const WS = { name: "ws", system: "ws" };
export const WSS = { name: "ws over TLS", system: "ws", server: { tls: true } };

/**
 * Sortie with one delivery mode, once for each set of parts that is measured.
 * @param variants each with the name of the set, "transport" and "crypto" (see sortie-parts)
 */
export function sortie({ keys, variants }, delivery, server = {}) {
  return variants.map(({ name, transport, crypto }) => ({
    name: `Sortie ${name}, ${delivery}`,
    system: "sortie",
    delivery,
    server: { keys, transport, crypto, ...server },
  }));
}

/** Baselines of which a run has all, or only those that targets refer to. */
export function baselines({ isBrief }, ...systems) {
  return isBrief ? systems.filter((one) => one === RAW || one === OBVIOUS) : systems;
}

export const COLUMNS = [
  ["system", (row) => row.name],
  ["server CPU per message, µs", (row) => cell(row.cpuMicrosPerMessage)],
  ["to bare echo", (row) => (row.ratio === undefined ? "" : row.ratio.toFixed(2))],
  ["messages/s", (row) => middle(row.messagesPerSecond, 0)],
  ["datagrams per message", (row) => middle(row.datagramsPerMessage, 2)],
  ["round trip p50 / p99, ms", (row) => `${middle(row.rttP50Ms, 2)} / ${middle(row.rttP99Ms, 2)}`],
  ["heap bytes per datagram", (row) => middle(row.heapBytesPerDatagram, 0)],
  ["longest pause, ms", (row) => cell(row.longestPauseMs)],
  ["server, cores", (row) => middle(row.cpuShare, 2)],
  ["load, cores", (row) => middle(row.loadCpuShare, 2) + (row.loadCpuShare?.median > LOAD_BOUND ? " (!)" : "")],
];

/** A load process beyond this share of a core sets the pace. */
export const LOAD_BOUND = 0.95;
export const LOAD_NOTE = "(!): the load's process was at its limit, not the server's.";

/** Adds to each row the ratio of a figure to that of the row named. */
export function withRatios(rows, key, baseline) {
  const floor = rows.find((row) => row.name === baseline)?.[key]?.median;
  for (const row of rows) if (floor !== undefined && row[key] !== undefined) row.ratio = row[key].median / floor;
  return rows;
}
