// P5: full handshakes, and hellos that never go on.
import { cell, middle, summarise, table } from "../lib/figures.mjs";
import { interleavePairs } from "../lib/round.mjs";
import { RAW, sortie } from "./systems.mjs";

/** Hellos per second where their cost is measured; a server with nothing else to do. */
const HELLOS_PER_SECOND = 10_000;
/** And beside the game of P3a. */
const FLOOD_PER_SECOND = 20_000;
const SOCKETS = 64;

export async function handshakes(options) {
  const full = await fullHandshakes(options);
  const hellos = await hellosAlone(options);
  const flood = await floodedGame(options);
  const lines = ["## P5: handshakes", "", ...full.lines, "", ...hellos.lines, "", ...flood.lines, ""];
  return { lines, data: { full: full.data, hellos: hellos.data, flood: flood.data } };
}

async function fullHandshakes({ rounds, seconds, warmupMs, locked, ...options }) {
  const [{ system, server }] = sortie(options, "unreliable");
  const load = { loop: "handshakes", connections: 0, sockets: 4, atOnce: 16 };
  const [runs] = await locked(() =>
    interleavePairs([0], rounds, () => ({ system, server, load, warmupMs, measureMs: seconds * 1000 })),
  );
  const row = summarise(runs);
  const lines = [
    "Full handshakes: clients that come, are accepted, and leave, 16 at once; cost of all their datagrams.",
    "",
    ...table(
      [
        ["server CPU per handshake, µs", () => cell(row.cpuMicrosPerHandshake, 0)],
        ["handshakes/s", () => cell(row.handshakesPerSecond, 0)],
        ["server, cores", () => middle(row.cpuShare, 2)],
        ["load, cores", () => middle(row.loadCpuShare, 2)],
      ],
      [row],
    ),
  ];
  return { lines, data: row };
}

async function hellosAlone({ rounds, seconds, warmupMs, locked, ...options }) {
  const cases = [...sortie(options, "RETRY"), { ...RAW, server: options }];
  const load = { loop: "open", connections: SOCKETS, perSecond: HELLOS_PER_SECOND / SOCKETS, bytes: 1200 };
  const runs = await locked(() =>
    interleavePairs(cases, rounds, ({ system, server }) => ({
      system,
      loadSystem: "hello",
      server,
      load,
      warmupMs,
      measureMs: seconds * 1000,
    })),
  );
  const rows = cases.map(({ name }, i) => ({ name, ...summarise(runs[i]) }));
  for (const row of rows) row.ratio = row.cpuMicrosPerSent.median / rows.at(-1).cpuMicrosPerSent.median;
  const lines = [
    `Hellos without cookie, ${HELLOS_PER_SECOND} a second from ${SOCKETS} addresses, and nothing else:`,
    "",
    ...table(
      [
        ["system", (row) => row.name],
        ["server CPU per hello, µs", (row) => cell(row.cpuMicrosPerSent)],
        ["to bare echo", (row) => row.ratio.toFixed(2)],
        ["hellos/s", (row) => middle(row.sentPerSecond, 0)],
        ["answered", (row) => `${(100 * row.receivedShare.median).toFixed(1)} %`],
        ["heap bytes per datagram", (row) => middle(row.heapBytesPerDatagram, 0)],
      ],
      rows,
    ),
  ];
  return { lines, data: rows };
}

async function floodedGame({ rounds, seconds, warmupMs, locked, ...options }) {
  const games = sortie(options, "unreliable", { echo: true, tickRate: 60 });
  const attack = {
    system: "hello",
    loop: "open",
    connections: SOCKETS,
    perSecond: FLOOD_PER_SECOND / SOCKETS,
    bytes: 8,
  };
  const cases = games.flatMap((game) => [
    { ...game, name: `${game.name}: P3a alone` },
    { ...game, name: `${game.name}: and ${FLOOD_PER_SECOND} hellos/s`, attack },
  ]);
  const load = { loop: "open", connections: 128, perSecond: 32, bytes: 64, sockets: 4, delivery: "unreliable" };
  const runs = await locked(() =>
    interleavePairs(cases, rounds, ({ system, server, attack }) => ({
      system,
      server,
      load,
      attack,
      warmupMs,
      measureMs: seconds * 1000,
    })),
  );
  const rows = cases.map(({ name }, i) => ({ name, ...summarise(runs[i]) }));
  const lines = [
    "The game of P3a beside a flood of hellos; game, attacker and server share the machine's cores:",
    "",
    ...table(
      [
        ["", (row) => row.name],
        ["hellos answered/s", (row) => middle(row.retriesPerSecond, 0)],
        ["server, cores", (row) => middle(row.cpuShare, 2)],
        ["tick late p50 / p99, ms", (row) => `${middle(row.lateP50Ms, 2)} / ${cell(row.lateP99Ms, 2)}`],
        ["players' round trip p50 / p99, ms", (row) => `${cell(row.rttP50Ms, 1)} / ${cell(row.rttP99Ms, 1)}`],
        ["received of sent", (row) => `${(100 * row.receivedShare.median).toFixed(2)} %`],
        ["players lost", (row) => cell(row.ended, 0)],
      ],
      rows,
    ),
  ];
  return { lines, data: rows };
}
