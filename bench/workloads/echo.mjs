// P1 and P2: echo in a closed loop with an event-driven server.
import { summarise, table } from "../lib/figures.mjs";
import { interleavePairs } from "../lib/round.mjs";
import { baselines, COLUMNS, LOAD_NOTE, OBVIOUS, RAW, sortie, withRatios, WS, WSS } from "./systems.mjs";

/** P1: 64 connections with one message in flight each: one datagram per message, the worst case. */
export async function echoOfMany(options) {
  const sizes = options.isQuick ? [64] : [64, 256, 1000];
  return echo(options, "P1: echo, 64 connections, 1 message in flight each", sizes, { connections: 64, inFlight: 1 });
}

/** P2: one connection with 64 messages in flight: coalescing pays. */
export async function echoOfOne(options) {
  return echo(options, "P2: echo, 1 connection, 64 messages in flight", [64], { connections: 1, inFlight: 64 });
}

async function echo(options, title, sizes, loop) {
  const { rounds, seconds } = options;
  const cases = [
    ...sortie(options, "unreliable"),
    ...sortie(options, "ordered"),
    ...baselines(options, RAW, OBVIOUS, WS, WSS),
  ];
  const lines = [`## ${title}`, "", `Closed loop, event-driven server. ${rounds} rounds of ${seconds} s, interleaved.`];
  const data = {};
  for (const bytes of sizes) {
    const runs = await options.locked(() =>
      interleavePairs(cases, rounds, ({ system, delivery, server }) => ({
        system,
        server: { echo: true, isOnePeer: loop.connections === 1, ...server },
        load: { loop: "closed", bytes, delivery, sockets: 4, ...loop },
        warmupMs: options.warmupMs,
        measureMs: seconds * 1000,
      })),
    );
    const rows = cases.map(({ name }, i) => ({ name, ...summarise(runs[i]) }));
    withRatios(rows, "cpuMicrosPerMessage", RAW.name);
    data[bytes] = rows;
    lines.push("", `${bytes} bytes:`, "", ...table(COLUMNS, rows));
  }
  lines.push("", LOAD_NOTE, "");
  return { lines, data };
}
