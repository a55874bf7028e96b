import { EventEmitter } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { StopRequests } from "../src/stop-requests.js";

class FakeProcess extends EventEmitter {
  readonly exits: (number | undefined)[] = [];

  exit(code?: number): void {
    this.exits.push(code);
  }
}

let host: FakeProcess;
let isStopped = false;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout"] });
  host = new FakeProcess();
  isStopped = false;
});

afterEach(() => void vi.useRealTimers());

function start(durationS: number): void {
  void new StopRequests(host).handle(durationS).then(() => (isStopped = true));
}

/** The same turn's promises are told. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a server that is told to stop", () => {
  it.each(["SIGINT", "SIGTERM", "disconnect"])("by %s during its start ends at once, and has not started", (signal) => {
    const stops = new StopRequests(host);
    expect(host.exits).toEqual([]);
    host.emit(signal);
    expect(host.exits).toEqual([undefined]);
    void stops.handle(0);
    expect(host.exits).toEqual([undefined]);
  });

  it.each(["SIGINT", "SIGTERM", "disconnect"])("by %s stops in good order", async (signal) => {
    start(0);
    await settled();
    expect(isStopped).toBe(false);
    host.emit(signal);
    await settled();
    expect([isStopped, host.exits]).toEqual([true, []]);
  });

  it.each([
    ["SIGINT", "SIGINT"],
    ["SIGTERM", "SIGTERM"],
    ["SIGTERM", "SIGINT"],
  ])("by %s, and by %s while its players may still leave, ends at once", (first, second) => {
    start(0);
    host.emit(first);
    // The shell and the parent process both pass on what was pressed once.
    vi.advanceTimersByTime(1000);
    host.emit(second);
    expect(host.exits).toEqual([]);
    vi.advanceTimersByTime(1);
    host.emit(second);
    expect(host.exits).toEqual([130]);
  });

  it("by its parent, which then ends in good order, gives players their time", () => {
    start(0);
    host.emit("SIGTERM");
    vi.advanceTimersByTime(2000);
    host.emit("disconnect");
    expect(host.exits).toEqual([]);
  });

  it("after its time stops by itself, and takes a signal then for the first one", async () => {
    start(5);
    vi.advanceTimersByTime(4999);
    await settled();
    expect(isStopped).toBe(false);
    vi.advanceTimersByTime(1);
    await settled();
    expect(isStopped).toBe(true);
    vi.advanceTimersByTime(60_000);
    host.emit("SIGTERM");
    expect(host.exits).toEqual([]);
  });
});
