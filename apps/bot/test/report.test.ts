import { ROUTE_NAMES } from "@sortie-apps/arena";
import { describe, expect, it } from "vitest";
import type { AuditResult, RouteTally } from "../src/audit.js";
import { type FleetTotals, ratesBetween } from "../src/fleet-meter.js";
import { SampleWindow } from "../src/percentile.js";
import { createReport, renderReport, type Report, type RunFacts } from "../src/report.js";

const plain = { bold: String, dim: String, green: String, red: String };

function audit(missing: number = 0): AuditResult {
  const tallies = (["up", "down"] as const).flatMap((direction) =>
    ROUTE_NAMES.map((route): RouteTally => ({
      route,
      direction,
      sent: 50,
      distinct: 50 - missing,
      missing,
      duplicates: 0,
      late: 0,
    })),
  );
  return { tallies, faults: missing > 0 ? [`events up: ${missing} lost`] : [] };
}

function facts(changes: Partial<RunFacts> = {}): RunFacts {
  const rttSamples = new SampleWindow(10);
  for (const ms of [1, 2, 3, 4]) rttSamples.add(ms);
  return {
    servers: ["127.0.0.1:1474"],
    protocols: ["sortie-arena/1"],
    bots: 2,
    connected: 2,
    traffic: {
      seconds: 15,
      datagramsOutPerSecond: 120,
      datagramsInPerSecond: 121,
      loss: 0.0012,
      cpu: 0.1,
      bytesOutPerSecond: 6_000,
      bytesInPerSecond: 9_000,
    },
    rttSamples,
    answerTimes: new SampleWindow(10),
    outcomes: { acked: 1_000, expired: 2, dropped: 3, closed: 0 },
    audits: [audit(), audit()],
    failures: [],
    ...changes,
  };
}

describe("createReport", () => {
  it("names every place where bots were to play", () => {
    const several = createReport(facts({ servers: ["a.example:1", "[::1]:2"], protocols: ["x/1"] }));
    expect(several).toMatchObject({ server: "a.example:1, [::1]:2", protocol: "x/1" });
    expect(renderReport(several, plain)).toContain("connected   2 of 2 to a.example:1, [::1]:2\n");
    const none = createReport(facts({ servers: [], protocols: [], connected: 0, audits: [] }));
    expect(renderReport(none, plain)).toContain("connected   0 of 2 to no server\n");
  });

  it("adds up both ends' counts, and passes when all agree", () => {
    const report = createReport(facts());
    expect(report).toMatchObject({ passed: true, audited: 2, rtt: { p50Ms: 2, p99Ms: 4 }, answerTime: {} });
    expect(report.deliveries).toHaveLength(10);
    expect(report.deliveries[0]).toMatchObject({ route: "effects", direction: "up", sent: 100, distinct: 100 });
  });

  it.each([
    ["a bot did not connect", { connected: 1, audits: [audit()] }],
    ["an audit is missing", { audits: [audit()] }],
    ["an audit found a fault", { audits: [audit(), audit(1)] }],
    ["anything failed", { failures: [{ bot: 0, stage: "play", code: "timeout", message: "gone" }] as const }],
    ["nobody played", { connected: 0, audits: [] }],
  ])("fails when %s", (_, changes) => {
    expect(createReport(facts(changes)).passed).toBe(false);
  });

  it("survives JSON", () => {
    const report = createReport(facts());
    expect(JSON.parse(JSON.stringify(report)) as Report).toEqual(report);
  });
});

describe("renderReport", () => {
  it("tells what was proved", () => {
    const text = renderReport(createReport(facts()), plain);
    expect(text).toContain("PASSED: 2 of 2 bots agree with the server: 400 reliable messages, 0 lost, 0 duplicated");
    expect(text).toContain("RTT         p50 2.0 ms, p99 4.0 ms");
    expect(text).toContain("answer time p50 -, p99 -");
    expect(text).toMatch(/^events up +ordered +100 +100 +0 +0 +0$/m);
  });

  it("names failures, at most ten of them", () => {
    const failures = Array.from({ length: 12 }, (_, bot) => ({
      bot,
      stage: "connect" as const,
      code: "timeout",
      message: "nobody answers",
    }));
    const text = renderReport(createReport(facts({ audits: [audit(), audit(3)], failures })), plain);
    expect(text).toContain("bot 9, connect (timeout): nobody answers");
    expect(text).not.toContain("bot 10");
    expect(text).toContain("... and 2 more");
    expect(text).toContain("FAILED: 1 of 2 bots agree with the server: 400 reliable messages, 12 lost, 0 duplicated");
  });
});

describe("ratesBetween", () => {
  const totals = (atMs: number, packets: number): FleetTotals => ({
    atMs,
    packetsSent: packets,
    packetsReceived: 2 * packets,
    packetsLost: packets / 10,
    bytesSent: 50 * packets,
    bytesReceived: 80 * packets,
    cpuMs: atMs / 4,
  });

  it("divides by the time that has passed", () => {
    expect(ratesBetween(totals(1_000, 100), totals(3_000, 500))).toEqual({
      seconds: 2,
      datagramsOutPerSecond: 200,
      datagramsInPerSecond: 400,
      loss: 0.1,
      cpu: 0.25,
      bytesOutPerSecond: 10_000,
      bytesInPerSecond: 16_000,
    });
  });

  it("has no loss where nothing was sent, and never divides by nothing", () => {
    expect(ratesBetween(totals(5, 0), totals(5, 0))).toMatchObject({ loss: 0, datagramsOutPerSecond: 0 });
  });
});
