import type { ServerStatistics } from "@sortie/server";
import { describe, expect, it } from "vitest";
import { NO_FIGURES, NO_TOTALS, totalOf } from "../src/cluster-statistics.js";
import type { WorkerFigures } from "../src/messages.js";

/** Figures of a worker in which every counter is `n`. */
function figuresOf(n: number): WorkerFigures {
  const each = <Counters extends object>(counters: Counters): Counters => {
    return Object.fromEntries(Object.keys(counters).map((name) => [name, n])) as Counters;
  };
  const { drops, transport, ticks, forwarding, rejects, refused, handshakesFailed } = NO_TOTALS;
  const kept = { lateP50Ms: n, busyP50Ms: n, intervalMs: 16 };
  const counters = { peers: n, halfOpen: n, handshakes: n, retriesSent: n, rejectsSent: n, peersAccepted: n };
  const server = {
    crypto: "",
    ...counters,
    listenerErrors: n,
    maxPeers: 10 * n,
    pendingAuthenticateCalls: n,
    rejects: each(rejects),
    refused: each(refused),
    handshakesFailed: each(handshakesFailed),
    draining: n === 4,
    drops: each(drops),
    transport: each(transport),
  };
  return {
    server: { ...server, ticks: { ...each(ticks), ...kept } },
    forwarding: each(forwarding),
    cpuMs: n,
    rssBytes: n,
  };
}

describe("totals of a cluster", () => {
  it("are sums of counters, and the worst of times", () => {
    const total = totalOf([figuresOf(3), figuresOf(4), NO_FIGURES], NO_TOTALS);
    expect(total).toMatchObject({
      peers: 7,
      maxPeers: 70,
      halfOpen: 7,
      pendingAuthenticateCalls: 7,
      handshakes: 7,
      peersAccepted: 7,
      listenerErrors: 7,
      cpuMs: 7,
    });
    expect(total.draining).toBe(true);
    expect(totalOf([figuresOf(3)], NO_TOTALS).draining).toBe(false);
    expect(new Set(Object.values(total.drops))).toEqual(new Set([7]));
    expect(new Set(Object.values(total.transport))).toEqual(new Set([7]));
    expect([Object.keys(total.rejects).length, ...new Set(Object.values(total.rejects))]).toEqual([5, 7]);
    expect(total.refused).toEqual({ refused: 7, "server-full": 7, "shutting-down": 7 });
    expect(new Set(Object.values(total.handshakesFailed))).toEqual(new Set([7]));
    expect(new Set(Object.values(total.forwarding))).toEqual(new Set([7]));
    expect(total.ticks).toEqual({
      ticks: 7,
      skipped: 7,
      overruns: 7,
      lateP99Ms: 4,
      lateMaxMs: 4,
      busyP99Ms: 4,
      busyMaxMs: 4,
    });
  });

  it("keep what ended workers counted, but not their peers and times", () => {
    const ended = totalOf([figuresOf(10)], totalOf([figuresOf(20)], NO_TOTALS));
    const total = totalOf([figuresOf(1)], ended);
    expect(total).toMatchObject({ peers: 1, halfOpen: 1, handshakes: 31, retriesSent: 31, rejectsSent: 31, cpuMs: 31 });
    expect(total.ticks).toMatchObject({ ticks: 31, skipped: 31, overruns: 31, lateP99Ms: 1, busyMaxMs: 1 });
    expect(new Set(Object.values(total.transport))).toEqual(new Set([31]));
    expect([total.maxPeers, total.refused["server-full"], total.handshakesFailed.closed]).toEqual([10, 31, 31]);
  });

  it("have the end of the certificate that runs out first, of workers that are there and show one", () => {
    const showing = (certificateNotAfterMs: number | undefined): WorkerFigures => {
      const figures = figuresOf(1);
      return { ...figures, server: { ...(figures.server as ServerStatistics), certificateNotAfterMs } };
    };
    // A worker whose files could not be read when the others loaded them again.
    const total = totalOf([showing(3000), showing(2000), showing(undefined), NO_FIGURES], NO_TOTALS);
    expect(total.certificateNotAfterMs).toBe(2000);
    expect(totalOf([showing(3000)], total).certificateNotAfterMs).toBe(3000);
    expect(totalOf([showing(undefined), figuresOf(1)], total).certificateNotAfterMs).toBeUndefined();
  });

  it("are zero without workers", () => {
    expect(totalOf([], NO_TOTALS)).toEqual(NO_TOTALS);
  });
});
