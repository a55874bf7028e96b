import { describe, expect, it } from "vitest";
import { AckHold } from "../src/ack-hold.js";
import { createAckSample } from "../src/congestion/ack-sample.js";
import { RttEstimator } from "../src/rtt-estimator.js";
import { SentPackets } from "../src/sent-packets.js";
import { SentState } from "../src/sent-state.js";

/** Packets that leave every 10 ms from 0 on; those of `relaxed` are in no hurry. */
class Flow {
  readonly hold = new AckHold();
  private readonly sent = new SentPackets(0, () => 0xffff);

  constructor(count: number, relaxed: readonly number[] = []) {
    for (let i = 0; i < count; i++) {
      this.sent.begin();
      this.sent.commit(SentState.InFlight, 1200, 10 * i, 0, -1, relaxed.includes(i));
    }
  }

  /** An ACK of `first` to `last`; the hold that is the longest then. */
  ack(first: number, last: number, ackDelayMs: number, nowMs: number, fromMs: number = -Infinity): number {
    this.hold.begin();
    for (let number = first; number <= last; number++) this.hold.onTaken(this.sent, number);
    this.hold.end(10 * last, { ...createAckSample(), ackDelayMs, nowMs }, fromMs);
    return this.hold.longestMs;
  }
}

describe("AckHold", () => {
  it("is what the oldest packet of an ACK waited: until the largest came, and then with it", () => {
    const flow = new Flow(100);
    expect(flow.hold.longestMs).toBe(0);
    expect(flow.ack(0, 0, 3, 50)).toBe(3);
    expect(flow.ack(1, 20, 4, 250)).toBe(194);
    expect(flow.ack(21, 30, 4, 300)).toBe(194);
  });

  it("does not grow by an ACK that comes late, nor by a time in which nothing was sent", () => {
    const flow = new Flow(100);
    expect(flow.ack(0, 1, 0, 5000)).toBe(10);
    expect(flow.ack(90, 91, 0, 9000)).toBe(10);
  });

  it("leaves out packets in no hurry, and ACKs of nothing else or of what went before a pause", () => {
    const flow = new Flow(100, [0, 1, 2, 3, 10, 11]);
    expect(flow.ack(0, 5, 0, 100)).toBe(10);
    expect(flow.ack(10, 11, 60, 150)).toBe(10);
    expect(flow.ack(20, 60, 0, 800, 300)).toBe(10);
    expect(flow.ack(61, 62, 5, 850, 300)).toBe(15);
  });

  it("remembers the longest for one to two seconds and at least four ACKs", () => {
    const flow = new Flow(400);
    flow.ack(0, 20, 0, 300);
    for (let i = 0; i < 4; i++) expect(flow.ack(21 + i, 21 + i, 7, 400 + 10 * i)).toBe(200);
    expect(flow.ack(30, 30, 7, 1400)).toBe(200);
    for (let i = 0; i < 3; i++) expect(flow.ack(31 + i, 31 + i, 7, 9000 + i)).toBe(200);
    expect(flow.ack(40, 40, 7, 9004)).toBe(7);
  });
});

describe("the delay of acknowledgements that a window allows for", () => {
  it("is how long the peer keeps packets, at least what is expected of it", () => {
    const rtt = new RttEstimator(100, 225);
    for (let sample = 0; sample < 200; sample++) rtt.update(45, 5);
    expect(rtt.allowedAckDelayMs(0)).toBeCloseTo(25, 1);
    expect(rtt.allowedAckDelayMs(10)).toBe(rtt.allowedAckDelayMs(0));
    expect(rtt.allowedAckDelayMs(200)).toBe(200);
    expect(rtt.allowedAckDelayMs(290)).toBe(290);
    // A timeout waits no longer for it.
    expect(rtt.probeTimeoutMs()).toBeLessThan(45 + 25 + 10);
  });

  it.each([
    [42, 300],
    [225, 300],
    [1000, 1000],
  ])("is at most 300 ms, or what the peer promised: %d ms", (promisedMs, mostMs) => {
    expect(new RttEstimator(100, promisedMs).allowedAckDelayMs(60_000)).toBe(mostMs);
  });
});
