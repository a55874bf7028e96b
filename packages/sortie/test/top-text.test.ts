import { EventEmitter } from "node:events";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { durationText } from "../src/cli/figures-text.js";
import { printable } from "../src/cli/printable.js";
import { styleOf } from "../src/cli/style.js";
import { fit, widthOf } from "../src/cli/top/cell-text.js";
import { read, ReadingError } from "../src/cli/top/reading.js";
import { type KeyStream, Screen } from "../src/cli/top/screen.js";
import { viewLines } from "../src/cli/top/top-view.js";

afterEach(() => vi.unstubAllEnvs());

const HOSTILE = "\u001b[2J\u001b]0;owned\u0007\r\n\u202eevil\u2066\u200b\u0000\u009b31m";

describe("a text that somebody else wrote", () => {
  it("loses what a terminal would obey or hide, and keeps the rest", () => {
    expect(printable(HOSTILE)).toBe("[2J]0;ownedevil31m");
    expect(printable("Ann 漢字 ñ é 🎮")).toBe("Ann 漢字 ñ é 🎮");
    expect(printable(`a${"\u0301".repeat(50)}b`)).toBe("a\u0301\u0301\u0301b");
    expect(printable("half \ud83d")).toBe("half ");
  });

  it("takes exactly the columns it is given, whatever it is", () => {
    expect(fit("abc", 5)).toBe("abc  ");
    expect(fit("abc", 5, "right")).toBe("  abc");
    expect(fit("abcdef", 4)).toBe("abc…");
    // Two columns each: the second one does not fit beside the ellipsis.
    expect(fit("漢字漢", 4)).toBe("漢… ");
    expect(fit("x", 0)).toBe("");
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), fc.integer({ min: 1, max: 40 }), (text, columns) => {
        const cell = fit(printable(text), columns);
        expect(widthOf(cell)).toBe(columns);
        expect(cell).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      }),
      { seed: 5, numRuns: 200 },
    );
  }, 60_000);
});

/** Answers of the API, as they are given; `peers` of them. */
function answers(peers: number, label = "ann"): [unknown, unknown, unknown] {
  const rows = Array.from({ length: peers }, (_, id) => ({
    id,
    address: `192.0.2.${id % 256}:40000`,
    label: `${label}${id}`,
    connectedSeconds: 90_000,
    rttMs: 12.34,
    jitterMs: 1,
    loss: 0.051,
    quality: id % 2 === 0 ? "good" : "poor",
    bytesReceivedPerSecond: 1234,
  }));
  const spread = { bounds: [1], counts: [1, 0], p50: 20.25, p95: 30, p99: 40, max: 50 };
  const summary = {
    address: { address: "::", port: 1474, family: 6 },
    uptimeSeconds: 7500,
    process: { cpuSeconds: 1, cpuShare: 0.25, residentBytes: 120e6 },
    distributions: { rttMs: spread, loss: { ...spread, p50: 0, p99: 0.02 } },
    disconnects: [
      { code: "closed", by: "remote", count: 3 },
      { code: "timeout", by: "local", count: 9 },
    ],
    stats: {
      peers,
      halfOpen: 2,
      peersAccepted: 1234,
      drops: { "too-short": 0, "rate-limited": 7, [HOSTILE]: 9 },
      ticks: { intervalMs: 1000 / 60, busyP50Ms: 1, busyP99Ms: 15, busyMaxMs: 20, lateP99Ms: 1, skipped: 4 },
    },
  };
  const columns = { ticks: [59, 60], datagramsReceived: [1, 4096], bytesReceived: [1, 1.25e6], drops: [0, 2] };
  return [summary, { next: 2, columns }, { total: peers, offset: 0, peers: rows }];
}

describe("the screen of sortie top", () => {
  const style = styleOf({});
  const view = { columns: 120, rows: 24, style, url: "http://h/", sort: "rttMs", order: "desc" } as const;

  it("shows ticks, traffic, round trips, drops and ends, and a table with its order", () => {
    const lines = viewLines(read(...answers(3), 500), view);
    const all = lines.join("\n");
    expect(lines[0]).toBe("sortie top  http://h/  UDP [::]:1474, up 2 h 5 min");
    expect(all).toContain("60/s of 60; busy p50 1.0 p99 15.0 max 20.0 ms; late p50 0.00 p99 1.0");
    expect(all).toContain("4,096 datagrams/s, 1.3 MB/s in");
    expect(all).toContain("p50 20.3  p95 30.0  p99 40.0  max 50.0 ms; loss p50 0.0 %, p99 2.0 %");
    expect(all).toContain("2/s, 9 [2J]0;ownedevil31m, 7 rate-limited");
    expect(all).toContain("ended  9 timeout by local, 3 closed by remote");
    expect(all).toContain("RTT ms-");
    expect(lines.at(-1)).toMatch(/^ {5}2 ann2 +192\.0\.2\.2:40000 +12\.3 +5\.1 % good +1\.2 kB/);
  });

  it.each([
    [29.5 * 86_400, "cert   valid for 29 d 12 h"],
    [3 * 86_400 + 60, "cert   <valid for 3 d 0 h>"],
    [-7200, "cert   <expired 2 h 0 min ago>"],
  ])("tells when the certificate runs out, in %d s, with a warning when that is soon", (leftSeconds, line) => {
    const unixMs = Date.UTC(2027, 0, 15, 12);
    const [summary, history, peers] = answers(1);
    const { stats } = summary as { stats: object };
    const { columns } = history as { columns: object };
    const certified = { ...stats, certificateNotAfterMs: unixMs + leftSeconds * 1000 };
    const dated = { next: 2, columns: { ...columns, unixMs: [unixMs - 1000, unixMs] } };
    const marked = { ...style, yellow: (text: unknown) => `<${String(text)}>` };
    const lines = (of: object): string[] =>
      viewLines(read({ ...(summary as object), stats: of }, dated, peers, 500), { ...view, style: marked });
    expect(lines(certified)).toContain(line);
    // A bare key has no end.
    expect(lines(stats).filter((each) => each.startsWith("cert"))).toEqual([]);
  });

  it("is never wider or higher than the terminal, with the names that are worst", () => {
    for (const label of ["", "漢字漢字漢字漢字漢字漢字漢字", HOSTILE, "🎮".repeat(40), "x".repeat(64)]) {
      const reading = read(...answers(15, label), 500);
      for (let columns = 21; columns <= 200; columns += 17) {
        for (const rows of [1, 11, 24]) {
          const lines = viewLines(reading, { ...view, columns, rows });
          expect(lines.length).toBeLessThanOrEqual(rows);
          for (const line of lines) expect(widthOf(line)).toBeLessThan(columns);
        }
      }
    }
  });

  it("counts the peers that it has no room for", () => {
    const lines = viewLines(read(...answers(60), 500), { ...view, rows: 20 });
    expect(lines).toHaveLength(20);
    expect(lines.at(-1)).toBe("and 51 more");
    expect(viewLines(read(...answers(2), 500), { ...view, rows: 20 }).at(-1)).toContain("192.0.2.1:40000");
  });

  it("tells of a server without ticks, that does not listen yet, in its first second", () => {
    const [summary, , peers] = answers(0);
    const { ticks: _none, ...stats } = (summary as { stats: Record<string, unknown> }).stats;
    const early = { ...(summary as object), address: undefined, stats };
    const all = viewLines(read(early, { next: 0, columns: { ticks: [] } }, peers, 500), view).join("\n");
    expect(all).toContain("not listening");
    expect(all).toContain("none: event-driven");
  });

  it.each([
    ["summary", [null, {}, {}]],
    ["summary.stats", [{}, {}, {}]],
    ["history.next", [answers(0)[0], { columns: {} }, answers(0)[2]]],
    ["history.columns.ticks", [answers(0)[0], { next: 1, columns: { ticks: 3 } }, answers(0)[2]]],
    ["history.columns.[2J", [answers(0)[0], { next: 1, columns: { "\u001b[2J": 3 } }, answers(0)[2]]],
    ["peers.peers[]", [answers(0)[0], answers(0)[1], { total: 1, peers: ["x"] }]],
  ])("refuses answers whose %s is something else", (label, parts) => {
    const reading = (): unknown => read(...(parts as [unknown, unknown, unknown]), 500);
    expect(reading).toThrow(ReadingError);
    expect(reading).toThrow(`"${label}" expected`);
  });

  it("shows times of any length", () => {
    expect([5, 65, 3700, 90_000, -1].map(durationText)).toEqual(["5 s", "1 min 5 s", "1 h 1 min", "1 d 1 h", "0 s"]);
  });
});

describe("the whole terminal", () => {
  class Keys extends EventEmitter implements KeyStream {
    readonly isTTY = true;
    isRaw = false;
    setRawMode(isRaw: boolean): void {
      this.isRaw = isRaw;
    }
    resume(): void {}
    pause(): void {}
  }

  function open() {
    const written: string[] = [];
    const pressed: string[] = [];
    const keys = new Keys();
    const ending = new EventEmitter();
    const out = { columns: 80, rows: 24, write: (text: string) => written.push(text) };
    const screen = new Screen({ out, keys, ending }, (key) => pressed.push(key));
    screen.open();
    screen.open();
    return { screen, written, pressed, keys, ending };
  }

  it("comes back once, at the end, and as it was", () => {
    const { screen, written, pressed, keys, ending } = open();
    expect(keys.isRaw).toBe(true);
    screen.show(["one", "two"]);
    keys.emit("data", Buffer.from("sq"));
    screen.close();
    screen.close();
    screen.show(["three"]);
    keys.emit("data", Buffer.from("x"));
    expect(written).toEqual([
      "\u001b[?1049h\u001b[?25l",
      "\u001b[Hone\u001b[K\r\ntwo\u001b[K\u001b[J",
      "\u001b[?25h\u001b[?1049l",
    ]);
    expect(pressed).toEqual(["s", "q"]);
    expect(keys.isRaw).toBe(false);
    expect(ending.listenerCount("exit") + ending.listenerCount("uncaughtExceptionMonitor")).toBe(0);
  });

  it("has the usual size where the terminal does not know its own", () => {
    const { keys, ending } = open();
    const sizeOf = (size: { columns?: number; rows?: number }): number[] => {
      const { columns, rows } = new Screen({ out: { ...size, write: () => {} }, keys, ending }, () => {});
      return [columns, rows];
    };
    expect(sizeOf({ columns: 132, rows: 50 })).toEqual([132, 50]);
    expect(sizeOf({})).toEqual([80, 24]);
    expect(sizeOf({ columns: 0, rows: 0 })).toEqual([80, 24]);
  });

  it.each(["exit", "uncaughtExceptionMonitor"])("comes back at %s", (name) => {
    const { written, keys, ending } = open();
    ending.emit(name);
    expect(written.at(-1)).toBe("\u001b[?25h\u001b[?1049l");
    expect(keys.isRaw).toBe(false);
  });
});

describe("colours", () => {
  it("are for terminals alone, and not where NO_COLOR is set", () => {
    vi.stubEnv("NO_COLOR", undefined);
    vi.stubEnv("TERM", "xterm");
    expect(styleOf({ isTTY: true }).red("x")).toBe("\u001b[31mx\u001b[39m");
    expect(styleOf({ isTTY: false }).red("x")).toBe("x");
    expect(styleOf({}).red("x")).toBe("x");
    vi.stubEnv("NO_COLOR", "1");
    expect(styleOf({ isTTY: true }).red("x")).toBe("x");
  });
});
