import { describe, expect, it } from "vitest";
import { AdaptiveRate } from "../src/congestion/adaptive-rate.js";
import { FixedBudget } from "../src/congestion/fixed-budget.js";
import type { EndpointOptions } from "../src/endpoint-options.js";
import type { Side } from "./support/pair.js";
import { Pair, payload } from "./support/pair.js";

const TICK_MS: number = 1000 / 60;

function adaptivePair(a: Partial<EndpointOptions> = {}): Pair {
  return new Pair({ latencyMs: 25 }, { a: { congestion: new AdaptiveRate(), ...a } });
}

function sendBulk({ endpoint }: Side, messages: number, nowMs: number): void {
  for (let i = 0; i < messages; i++) {
    endpoint.send(payload(i, 1000), { delivery: "reliable", channel: 1 + (i % 4) }, nowMs);
  }
}

/** A message of each mode a tick, 100 bytes each. */
function play(pair: Pair, ms: number, other: (tick: number) => void = () => undefined): void {
  for (let tick = 0; tick * TICK_MS < ms; tick++) {
    pair.a.endpoint.send(payload(tick, 100), undefined, pair.nowMs);
    pair.a.endpoint.send(payload(tick, 100), { delivery: "ordered" }, pair.nowMs);
    other(tick);
    pair.runFor(TICK_MS);
  }
}

describe("a path that answers nothing any more", () => {
  it("gets no more of bulk in small messages than probes, and it arrives when the path is back", () => {
    const pair = adaptivePair();
    sendBulk(pair.a, 1000, pair.nowMs);
    pair.runFor(200);
    pair.fromA.drop = () => true;
    pair.runFor(5000);
    const { packets } = pair.a;
    const { bytesInFlight } = pair.a.endpoint.statistics;
    pair.runFor(10_000);
    // Two probes every two seconds, and what acknowledges packets of the peer; not forty packets a second.
    expect(pair.a.packets - packets).toBeLessThanOrEqual(16);
    expect(pair.a.packets - packets).toBeGreaterThanOrEqual(8);
    expect(pair.a.endpoint.statistics.bytesInFlight - bytesInFlight).toBeLessThan(16 * 1200);
    pair.fromA.drop = undefined;
    const backAtMs = pair.nowMs;
    const { length } = pair.b.received;
    pair.runWhile(() => pair.b.received.length === length, 5000);
    expect(pair.nowMs - backAtMs).toBeLessThanOrEqual(2000 + 25 + 6);
    pair.runWhile(() => pair.isBusy, 20_000);
    expect(pair.b.received).toHaveLength(1000);
  });

  it("goes on with probes when all 1024 numbers are out and bulk waits", () => {
    const pair = new Pair({}, { a: { congestion: new FixedBudget({ rateBytesPerSecond: 1e9, burstBytes: 1e8 }) } });
    pair.fromA.drop = () => true;
    sendBulk(pair.a, 3000, pair.nowMs);
    pair.runFor(5000);
    const { packets } = pair.a;
    pair.runFor(10_000);
    expect(pair.a.packets - packets).toBeGreaterThanOrEqual(8);
    expect(pair.a.packets - packets).toBeLessThanOrEqual(12);
    pair.fromA.drop = undefined;
    pair.runWhile(() => pair.isBusy, 20_000);
    expect(pair.b.received).toHaveLength(3000);
  });

  it.each([
    ["alone", 500, 0],
    ["alone", 1000, 0],
    ["alone", 2000, 0],
    ["alone", 5000, 0],
    ["beside bulk in small messages", 2000, 3000],
    ["beside bulk in small messages", 5000, 3000],
  ])("a game's stream %s is there within 25 ms, a tick and the way after %i ms", (_name, outageMs, bulk) => {
    const pair = adaptivePair();
    play(pair, 1000);
    sendBulk(pair.a, bulk, pair.nowMs);
    play(pair, 200);
    pair.fromA.drop = () => true;
    play(pair, outageMs);
    pair.fromA.drop = undefined;
    const backAtMs = pair.nowMs;
    play(pair, 200);
    for (const delivery of ["unreliable", "ordered"]) {
      const at = pair.b.receivedAtMs.find((ms, i) => ms > backAtMs && pair.b.received[i]?.delivery === delivery);
      expect((at as number) - backAtMs).toBeLessThan(25 + 25 + TICK_MS + 6);
    }
  });

  it("gets large messages that never go again more and more seldom, four packets a second in the end", () => {
    const pair = adaptivePair();
    const snapshots = (ms: number): void => {
      for (let tick = 0; tick * TICK_MS < ms; tick++) {
        pair.a.endpoint.send(payload(tick, 3000), undefined, pair.nowMs);
        pair.runFor(TICK_MS);
      }
    };
    snapshots(1000);
    pair.fromA.drop = () => true;
    snapshots(3000);
    const { packets } = pair.a;
    snapshots(5000);
    expect(pair.a.packets - packets).toBeGreaterThanOrEqual(16);
    expect(pair.a.packets - packets).toBeLessThanOrEqual(21);
  });
});
