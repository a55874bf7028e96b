import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { formatBytes, formatCount, formatMs, TerminalStatus } from "../src/index.js";

class FakeStream {
  readonly isTTY: boolean | undefined;
  readonly columns: number | undefined;
  text = "";

  constructor(isTTY?: boolean, columns?: number) {
    this.isTTY = isTTY;
    this.columns = columns;
  }

  write(text: string): void {
    this.text += text;
  }
}

describe("TerminalStatus", () => {
  it("rewrites its rows on a terminal, none wider than that", () => {
    const stream = new FakeStream(true, 10);
    const status = new TerminalStatus(stream);
    status.update(["one", "two"], 0);
    status.update(["one", "two", "three", "longer than ten columns"], 1);
    status.update(["end"], 2);
    status.end();
    status.end();
    const erase = "\u001b[J";
    expect(stream.text).toBe(`\r${erase}one | two\r${erase}one | two\nthree\nlonger th\r\u001b[2A${erase}end\n`);
  });

  it("has the usual width where the terminal does not know its own", () => {
    const stream = new FakeStream(true, 0);
    new TerminalStatus(stream).update(["32 peers", "60 ticks/s", "x".repeat(80)], 0);
    expect(stream.text).toBe(`\r\u001b[J32 peers | 60 ticks/s\n${"x".repeat(79)}`);
  });

  it("writes a line every few seconds elsewhere", () => {
    const stream = new FakeStream();
    const status = new TerminalStatus(stream);
    for (let nowMs = 0; nowMs <= 10_000; nowMs += 500) status.update([`at ${nowMs}`, "more"], nowMs);
    status.end();
    expect(stream.text).toBe("at 0 | more\nat 5000 | more\nat 10000 | more\n");
  });

  it("stops where the stream fails, such as a pipe whose reader went away", () => {
    const stream = Object.assign(new EventEmitter(), {
      text: "",
      isTTY: true,
      write: (text: string) => (stream.text += text),
    });
    const statuses = Array.from({ length: 20 }, () => new TerminalStatus(stream));
    // One listener, however many statuses; it stays, as what was written may fail after the end.
    expect(stream.listenerCount("error")).toBe(1);
    for (const status of statuses) status.update(["one"], 0);
    const shown = stream.text;
    for (let i = 0; i < 2; i++) stream.emit("error", Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
    for (const status of [...statuses, new TerminalStatus(stream)]) {
      status.update(["two"], 10_000);
      status.end();
    }
    expect(stream.text).toBe(shown);
    expect(stream.listenerCount("error")).toBe(1);
  });
});

describe("formats", () => {
  it("sets thousands apart", () => {
    expect([0, 999, 1_000, 1_234_567.4].map(formatCount)).toEqual(["0", "999", "1,000", "1,234,567"]);
  });

  it("finds the unit of bytes", () => {
    expect([0, 999.4, 999.5, 1_540, 9_960, 20_300_000, 5e15].map(formatBytes)).toEqual([
      "0 B",
      "999 B",
      "1.0 kB",
      "1.5 kB",
      "10 kB",
      "20 MB",
      "5000 TB",
    ]);
  });

  it("gives milliseconds the digits that count", () => {
    expect([0.418, 0.996, 3.14159, 99.96, 250.4, undefined, Number.NaN].map(formatMs)).toEqual([
      "0.42 ms",
      "1.0 ms",
      "3.1 ms",
      "100 ms",
      "250 ms",
      "-",
      "-",
    ]);
  });
});
