import { TerminalStatus } from "@sortie-apps/arena";
import type { ServerStatistics } from "sortie";
import { describe, expect, it } from "vitest";
import { createGameCounters } from "../src/game-counters.js";
import { StatusLine } from "../src/status-line.js";
import { summarize } from "../src/summary.js";

function statsAfter(seconds: number): ServerStatistics {
  const ticks = {
    intervalMs: 1_000 / 60,
    ticks: 60 * seconds,
    skipped: 2,
    overruns: 1,
    lateP50Ms: 0.21,
    lateP99Ms: 1.24,
    lateMaxMs: 3,
    busyP50Ms: 1,
    busyP99Ms: 2,
    busyMaxMs: 3,
  };
  const transport = {
    datagramsSent: 2_000 * seconds,
    datagramsReceived: 1_000 * seconds,
    bytesSent: 500_000 * seconds,
    bytesReceived: 60_000 * seconds,
    sendErrors: 0,
    receiveErrors: 0,
    truncated: 0,
  };
  const drops = { "too-short": 3, duplicate: 4 } as ServerStatistics["drops"];
  const counts = {
    maxPeers: 256,
    halfOpen: 0,
    handshakes: 9,
    retriesSent: 9,
    pendingAuthenticateCalls: 0,
    rejectsSent: 0,
    peersAccepted: 8,
    listenerErrors: 0,
  };
  const draining = false;
  const refused = { refused: 0, "server-full": 0, "shutting-down": 0 };
  const rejects = {} as ServerStatistics["rejects"];
  const handshakesFailed = {} as ServerStatistics["handshakesFailed"];
  const reasons = { rejects, refused, handshakesFailed, drops };
  return { crypto: "node", peers: 7, ...counts, ...reasons, draining, transport, ticks };
}

describe("StatusLine", () => {
  it("shows rates since the last update", () => {
    let text = "";
    const status = new StatusLine(new TerminalStatus({ isTTY: true, columns: 200, write: (part) => (text += part) }));
    const counters = createGameCounters();
    counters.moves["too-fast"] = 5;
    counters.moves.outdated = 50;
    counters.malformed = 1;
    status.update(statsAfter(0), counters, 0);
    expect(text).toBe("");
    status.update(statsAfter(2), counters, 2_000);
    expect(text).toBe(
      "\r\u001b[J7 peers | 60 ticks/s | late p99 1.2 ms | " +
        "in 1,000/s 60 kB/s | out 2,000/s 500 kB/s | drops 7 | refused 6",
    );
  });
});

describe("summarize", () => {
  it("leaves out what did not happen", () => {
    const counters = createGameCounters();
    counters.moves.accepted = 1_234;
    counters.audits.complete = 8;
    const lines = summarize(statsAfter(10), counters, { seconds: 10, cpuSeconds: 1.5 });
    expect(Object.fromEntries(lines)).toEqual({
      ran: "10.0 s, 1.5 s of processor time",
      peers: "8 came, 0 of them were sent away",
      ticks: "600, late p50 0.21 ms, p99 1.2 ms, busy p50 1.0 ms, p99 2.0 ms, 1 over time, 2 skipped",
      received: "10,000 datagrams, 600 kB",
      sent: "20,000 datagrams, 5.0 MB",
      drops: "too-short 3, duplicate 4",
      moves: "accepted 1,234",
      shots: "none",
      claims: "none",
      chat: "none",
      audits: "complete 8",
    });
  });
});
