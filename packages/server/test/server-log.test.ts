import type { DropReason, Logger } from "@sortie/connection";
import { SocketAddress } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import type { AccessLogEntry } from "../src/access-log.js";
import { ServerLog, type WatchedCounters } from "../src/server-log.js";

type Line = readonly [level: string, fields: Record<string, unknown>, message: string];

function keeping(): { logger: Logger; lines: Line[] } {
  const lines: Line[] = [];
  const at = (level: string) => (fields: object, message: string) => {
    lines.push([level, fields as Record<string, unknown>, message]);
  };
  return { logger: { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") }, lines };
}

function entry(event: AccessLogEntry["event"], text: string = "", code: string = "refused"): AccessLogEntry {
  const address = SocketAddress.parse("192.0.2.1", 5000);
  return { event, address, sessionId: "ab", code, text, ...(event === "refuse" ? {} : { peerId: 7 }) };
}

const NOTHING = {
  refused: 0,
  skippedTicks: 0,
  holdUpMs: 0,
  draining: false,
  halfOpen: 0,
  pendingAuthenticateCalls: 0,
};

function counters(drops: Partial<Record<DropReason, number>>, others: Partial<WatchedCounters> = {}): WatchedCounters {
  return { drops: { get: (reason) => drops[reason] ?? 0 }, ...NOTHING, ...others };
}

describe("ServerLog", () => {
  it("has a line for each peer that comes and goes", () => {
    const { logger, lines } = keeping();
    const log = new ServerLog(logger, () => {});
    for (let i = 0; i < 5; i++) log.access(entry("connect"), i);
    log.access(entry("disconnect", "bye"), 5);
    expect(lines).toHaveLength(6);
    expect(lines[5]).toEqual([
      "info",
      expect.objectContaining({ event: "disconnect", address: "192.0.2.1:5000", peerId: 7, text: "bye" }),
      "peer 7 disconnected: refused",
    ]);
  });

  it("tells of a flood of refusals once in ten seconds, and of how many there were", () => {
    const { logger, lines } = keeping();
    const log = new ServerLog(logger, () => {});
    for (let ms = 0; ms < 25_000; ms += 10) {
      log.access(entry("refuse", `try ${ms}`), ms);
      log.watch(counters({}), ms);
    }
    expect(lines.map(([level, { kind, count }, message]) => [level, kind, count, message])).toEqual([
      ["info", "refuse", 1, "clients were refused"],
      ["info", "refuse", 1000, "clients were refused"],
      ["info", "refuse", 1000, "clients were refused"],
    ]);
    expect(lines[1]?.[1]).toMatchObject({ text: "try 10000", address: "192.0.2.1:5000" });
    log.flush(25_000);
    expect(lines[3]?.[1]).toMatchObject({ kind: "refuse", count: 499 });
    log.flush(25_000);
    expect(lines).toHaveLength(4);
  });

  it("tells what was held back when its time has come, though nothing more happens", () => {
    const { logger, lines } = keeping();
    const log = new ServerLog(logger, () => {});
    log.access(entry("fail"), 0);
    log.access(entry("fail"), 1);
    log.watch(counters({}), 9_999);
    expect(lines).toHaveLength(1);
    log.watch(counters({}), 11_000);
    expect(lines[1]?.[1]).toMatchObject({ kind: "fail", count: 1 });
  });

  it("warns of what an operator can help, by kind, with counts that add up to the counters", () => {
    const { logger, lines } = keeping();
    const log = new ServerLog(logger, () => {});
    let dropped = 0;
    for (let ms = 0; ms <= 60_000; ms += 50) {
      dropped += 3;
      const drops = { "rate-limited": dropped, "half-open-full": 2, "authentication-failed": dropped };
      log.watch(counters(drops, { refused: 4, skippedTicks: ms < 30_000 ? 0 : 9 }), ms);
    }
    log.flush(60_000);
    const kinds = lines.map(([level, { kind }]) => `${level} ${String(kind)}`);
    expect(kinds.filter((kind) => kind === "warn rate-limited").length).toBeLessThanOrEqual(8);
    expect(new Set(kinds)).toEqual(
      new Set(["warn rate-limited", "warn half-open-full", "warn send-errors", "warn ticks-skipped"]),
    );
    const sum = (kind: string): number =>
      lines.reduce((total, [, fields]) => total + (fields["kind"] === kind ? Number(fields["count"]) : 0), 0);
    expect([sum("rate-limited"), sum("half-open-full"), sum("send-errors"), sum("ticks-skipped")]).toEqual([
      dropped,
      2,
      4,
      9,
    ]);
  });

  it("says who holds the places for which handshakes were dropped", () => {
    const { logger, lines } = keeping();
    const log = new ServerLog(logger, () => {});
    log.watch(counters({ "half-open-full": 5 }, { halfOpen: 3, pendingAuthenticateCalls: 61 }), 0);
    expect(lines[0]?.[1]).toEqual({ halfOpen: 3, pendingAuthenticateCalls: 61, kind: "half-open-full", count: 5 });
    expect(lines[0]?.[2]).toContain("calls of authenticate");
  });

  it("warns once in ten seconds of clients for whom no slot was left, apart from those refused otherwise", () => {
    const { logger, lines } = keeping();
    const log = new ServerLog(logger, () => {});
    for (let ms = 0; ms < 10_000; ms += 100) {
      log.access(entry("refuse", "the server is full", "server-full"), ms);
      log.access(entry("refuse", "no ticket", "refused"), ms);
    }
    log.flush(10_000);
    expect(lines.map(([level, { kind, count, code }, message]) => [level, kind, count, code, message])).toEqual([
      ["warn", "server-full", 1, "server-full", "clients were refused: no slot was left for them"],
      ["info", "refuse", 1, "refused", "clients were refused"],
      ["warn", "server-full", 99, "server-full", "clients were refused: no slot was left for them"],
      ["info", "refuse", 99, "refused", "clients were refused"],
    ]);
  });

  it("tells the longest of the hold-ups that a line about skipped ticks stands for", () => {
    const { logger, lines } = keeping();
    const log = new ServerLog(logger, () => {});
    const looks: readonly [ms: number, skipped: number, holdUpMs: number][] = [
      [0, 10, 200.4],
      [1000, 180, 3000],
      [2000, 181, 90],
      [3000, 181, 0],
      [10_500, 181, 0],
      [21_000, 190, 150],
    ];
    for (const [ms, skippedTicks, holdUpMs] of looks) log.watch(counters({}, { skippedTicks, holdUpMs }), ms);
    expect(lines.map(([level, fields]) => [level, fields])).toEqual([
      ["warn", { holdUpMs: 200, kind: "ticks-skipped", count: 10 }],
      ["warn", { holdUpMs: 3000, kind: "ticks-skipped", count: 171 }],
      ["warn", { holdUpMs: 150, kind: "ticks-skipped", count: 9 }],
    ]);
    expect(lines[0]?.[2]).toBe("ticks were left out: the process was held up");
  });

  it("does not warn of clients that a draining server turns away", () => {
    const { logger, lines } = keeping();
    const log = new ServerLog(logger, () => {});
    log.watch(counters({ "not-accepting": 5 }, { draining: true }), 0);
    expect(lines).toEqual([]);
    log.watch(counters({ "not-accepting": 7 }), 2000);
    expect(lines[0]).toEqual(["warn", { kind: "not-accepting", count: 2 }, expect.stringContaining("maxPeers")]);
  });

  it("has a line for each of a hundred errors in ten seconds, and a count of more", () => {
    const { logger, lines } = keeping();
    const log = new ServerLog(logger, () => {});
    for (let ms = 0; ms < 10_000; ms++) {
      log.error({ err: ms }, "unhandled error", ms);
      log.watch(counters({}), ms);
    }
    expect(lines).toHaveLength(101);
    expect(lines[99]).toEqual(["error", { err: 99 }, "unhandled error"]);
    const text = "more than 100 errors; the last of them is told";
    expect(lines[100]).toEqual(["error", { err: 100, kind: "errors", count: 1 }, text]);
    log.error({ err: "later" }, "unhandled error", 10_000);
    expect(lines[101]).toEqual(["error", { err: "later" }, "unhandled error"]);
    log.flush(10_000);
    expect(lines[102]).toEqual(["error", { err: 9999, kind: "errors", count: 9899 }, text]);
  });

  it("contains a logger that throws, and needs none", () => {
    let faults = 0;
    const throwing = (): never => {
      throw new Error("disk full");
    };
    const logger = { debug: throwing, info: throwing, warn: throwing, error: throwing };
    new ServerLog(logger, () => (faults += 1)).access(entry("connect"), 0);
    expect(faults).toBe(1);
    const none = new ServerLog(undefined, throwing);
    none.access(entry("connect"), 0);
    none.watch(counters({ "rate-limited": 5 }), 0);
    none.flush(0);
  });
});
