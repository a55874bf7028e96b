import { describe, expect, it } from "vitest";
import { Pair, payload } from "./support/pair.js";

/** A game's packets: positions all the time, and every `reliableEvery`th something that must arrive. */
function play(pair: Pair, everyMs: number, reliableEvery: number, count: number): void {
  for (let i = 1; i <= count; i++) {
    const delivery = i % reliableEvery === 0 ? "reliable" : "unreliable";
    pair.a.endpoint.send(payload(i, 100), { delivery }, pair.nowMs);
    pair.runFor(everyMs);
  }
}

describe("reliable messages among unreliable ones", () => {
  it.each([
    { latencyMs: 1, everyMs: 50, reliableEvery: 2 },
    { latencyMs: 15, everyMs: 50, reliableEvery: 2 },
    { latencyMs: 40, everyMs: 50, reliableEvery: 2 },
    { latencyMs: 15, everyMs: 50, reliableEvery: 10 },
    { latencyMs: 40, everyMs: 100, reliableEvery: 3 },
    { latencyMs: 40, everyMs: 1000 / 60, reliableEvery: 10 },
  ])("go once where nothing is lost ($latencyMs ms, every $everyMs ms, one of $reliableEvery)", (shape) => {
    const { latencyMs, everyMs, reliableEvery } = shape;
    const pair = new Pair({ latencyMs });
    play(pair, everyMs, reliableEvery, 400);
    pair.runFor(500);
    const { statistics } = pair.a.endpoint;
    expect(statistics).toMatchObject({ retransmittedMessages: 0, probeTimeouts: 0, packetsLost: 0 });
    expect(pair.b.received).toHaveLength(400);
  });

  it.each([1, 20, 45])("are sent again in time when lost, %i ms after a packet that is in no hurry", (waitMs) => {
    const pair = new Pair({ latencyMs: 30 });
    play(pair, 50, 2, 100);
    pair.runFor(500);
    const received = pair.b.received.length;
    pair.a.endpoint.send(payload(0, 100), undefined, pair.nowMs);
    pair.runFor(waitMs);
    const sentAtMs = pair.nowMs;
    pair.fromA.drop = (_number, nowMs) => nowMs === sentAtMs;
    pair.a.endpoint.send(payload(0, 100), { delivery: "reliable" }, sentAtMs);
    while (pair.b.received.length < received + 2 && pair.nowMs < sentAtMs + 1000) pair.runFor(1);
    // A probe timeout, which is a round trip and the delay that is promised, and half a round trip.
    expect(pair.nowMs - sentAtMs).toBeGreaterThan(60);
    expect(pair.nowMs - sentAtMs).toBeLessThan(30 + pair.a.endpoint.rtt.probeTimeoutMs() + 5);
  });

  it("do not hide that the one before them, which was in no hurry, is lost", () => {
    const pair = new Pair({ latencyMs: 30 });
    play(pair, 50, 2, 100);
    pair.runFor(500);
    const before = pair.a.endpoint.statistics.probeTimeouts;
    const fromMs = pair.nowMs;
    pair.fromA.drop = () => true;
    pair.a.endpoint.send(payload(0, 100), undefined, fromMs);
    pair.runFor(80);
    pair.a.endpoint.send(payload(0, 100), { delivery: "reliable" }, pair.nowMs);
    while (pair.a.endpoint.statistics.probeTimeouts === before && pair.nowMs < fromMs + 1000) pair.runFor(1);
    expect(pair.nowMs - fromMs).toBeLessThan(75 + pair.a.endpoint.rtt.probeTimeoutMs() + 5);
  });
});
