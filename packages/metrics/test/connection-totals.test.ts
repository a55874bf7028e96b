import type { ConnectionStatistics } from "@sortie/connection";
import { describe, expect, it } from "vitest";
import { ConnectionTotals } from "../src/connection-totals.js";

const WINDOW = "reliability_congestion_window_bytes";
const SENT = "connection_packets_sent_total";

/** A connection's numbers, of which all but two are none. */
function statistics(congestionWindowBytes: number, packetsSent: number): ConnectionStatistics {
  const endpoint = { congestionWindowBytes, messagesSent: [], messagesReceived: [] };
  return { packetsSent, endpoint, advice: {} } as unknown as ConnectionStatistics;
}

describe("ConnectionTotals", () => {
  it("has gauges of the connections there are, exactly, and counters of those that have ended too", () => {
    const totals = new ConnectionTotals();
    const connections = [0.1, 0.2, 0.7].map((window) => ({ stats: statistics(window, 5), counted: totals.start() }));
    for (const { stats, counted } of connections) totals.add(stats, counted);
    expect(totals.sumOf(WINDOW)).toBeCloseTo(1, 9);
    const left: number[] = [];
    for (const { stats, counted } of connections) {
      totals.end(stats, counted);
      left.push(totals.sumOf(WINDOW));
      expect(totals.sumOf(SENT)).toBe(15);
    }
    expect(left.slice(1)).toEqual([0.7, 0]);
  });

  it("counts what came since the last look, once", () => {
    const totals = new ConnectionTotals();
    const counted = totals.start();
    for (const [window, sent] of [
      [1200, 3],
      [600, 7],
      [600, 7],
    ] as const) {
      totals.add(statistics(window, sent), counted);
      expect([totals.sumOf(WINDOW), totals.sumOf(SENT)]).toEqual([window, sent]);
    }
    totals.end(statistics(Infinity, 8), counted);
    expect([totals.sumOf(WINDOW), totals.sumOf(SENT)]).toEqual([0, 8]);
  });
});
