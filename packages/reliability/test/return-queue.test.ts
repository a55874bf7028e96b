import { describe, expect, it } from "vitest";
import { ReturnQueue } from "../src/return-queue.js";

const MODULUS = 2 ** 32;
const SHORTEST_MS = 50;

interface Ways {
  readonly thereMs?: number;
  readonly backMs?: number;
}

/** A path of 20 ms there and 30 ms back, at whose end a clock of its own runs. */
class Path {
  readonly queue = new ReturnQueue();
  nowMs = 1000;
  /** ms that the peer's clock is ahead, and by which that grows in each second. */
  aheadMs: number;
  private readonly driftMsPerS: number;
  private readonly coarseMs: number;

  constructor(aheadMs = 0, driftMsPerS = 0, coarseMs = 0) {
    this.aheadMs = aheadMs;
    this.driftMsPerS = driftMsPerS;
    this.coarseMs = coarseMs;
  }

  /** The peer sends bulk data. */
  withBulk(): this {
    for (let i = 0; i < 40; i++) this.queue.onReceived(1200, true);
    return this;
  }

  /** A packet that leaves now and its ACK, which comes after `thereMs` and `backMs`. Returns the wait it tells. */
  send({ thereMs = 20, backMs = 30 }: Ways = {}): number {
    const exactMs = this.nowMs + thereMs + this.aheadMs + (this.nowMs / 1000) * this.driftMsPerS;
    const peerMs = this.coarseMs === 0 ? exactMs : Math.floor(exactMs / this.coarseMs) * this.coarseMs;
    const receivedAtUs = ((Math.floor(peerMs * 1000) % MODULUS) + MODULUS) % MODULUS;
    this.nowMs += thereMs + backMs;
    const rtt = { latestPathMs: thereMs + backMs, minPathMs: SHORTEST_MS };
    this.queue.onAck(thereMs + backMs, receivedAtUs, rtt, this.nowMs);
    return this.queue.waitMs;
  }
}

describe("the wait of ACKs on their way back", () => {
  it.each([0, 5_000_000, -123_456, 2 ** 32 / 1000 - 1010])("is told whatever clock the peer has (%d ms)", (aheadMs) => {
    const path = new Path(aheadMs).withBulk();
    expect(path.send()).toBe(0);
    expect(path.send({ backMs: 70 })).toBeCloseTo(40, 0);
    expect(path.send({ thereMs: 60 })).toBeCloseTo(0, 0);
    expect(path.send({ thereMs: 60, backMs: 90 })).toBeCloseTo(60, 0);
    expect(path.send()).toBeCloseTo(0, 0);
  });

  it("is told across the wrap of the peer's clock, which comes each 71 minutes", () => {
    const path = new Path(MODULUS / 1000 - 2000).withBulk();
    path.send();
    for (let i = 0; i < 40; i++) {
      expect(path.send({ backMs: 40 })).toBeCloseTo(10, 0);
      expect(path.send()).toBeLessThan(1);
    }
  });

  it.each([0.5, -0.5])("stays near with clocks that run apart by %d ms/s for hours", (driftMsPerS) => {
    const path = new Path(0, driftMsPerS).withBulk();
    for (let i = 0; i < 5000; i++) {
      expect(path.send()).toBeLessThan(2);
      path.nowMs += 2000;
    }
    path.send();
    expect(path.send({ backMs: 80 })).toBeGreaterThan(48);
  });

  it("is never more than what the round trip exceeds the shortest by", () => {
    const path = new Path().withBulk();
    path.send({ thereMs: 22, backMs: 30 });
    // Less there and more back: 12 ms more back, of which the round trip shows 10.
    expect(path.send({ thereMs: 20, backMs: 40 })).toBeLessThanOrEqual(10);
  });

  it.each([50, 400, 1_800_000])("is not told for 10 s when the peer's clock stood still for %d ms", (ms) => {
    const path = new Path().withBulk();
    path.send();
    path.aheadMs = -ms;
    expect(path.send({ thereMs: 25 })).toBe(0);
    const sinceMs = path.nowMs;
    while (path.nowMs < sinceMs + 9500) expect(path.send({ backMs: 70 })).toBe(0);
    path.nowMs += 500;
    path.send();
    expect(path.send({ backMs: 70 })).toBeCloseTo(40, 0);
    // One that goes ahead looks like a way back that became shorter.
    path.aheadMs = 0;
    path.send();
    expect(path.send({ backMs: 50 })).toBeCloseTo(20, 0);
  });

  it.each([-500, -100, -10])(
    "is not told for long where the peer's clock loses %d ms in each second",
    (driftMsPerS) => {
      const path = new Path(0, driftMsPerS).withBulk();
      let toldMs = 0;
      let acks = 0;
      for (; path.nowMs < 20_000; acks++) toldMs += path.send({ thereMs: 20 + (acks % 10) });
      expect(toldMs / acks).toBeLessThan(0.5);
    },
  );

  it("is told of queues on both ways that grow and drain at 300 ms a second", () => {
    const path = new Path(0, -0.5).withBulk();
    path.send();
    for (let i = 0; i < 200; i++) {
      const queueMs = (i % 20) * 3;
      const backMs = (i % 7) * 4;
      const told = path.send({ thereMs: 20 + queueMs, backMs: 30 + backMs });
      expect(Math.abs(told - backMs)).toBeLessThan(9);
    }
  });

  it.each([1, 4, 16])("is told of coarse clocks, of %d ms", (coarseMs) => {
    const path = new Path(0, 0, coarseMs).withBulk();
    let toldMs = 0;
    for (let i = 0; i < 2000; i++) {
      const [thereMs, backMs] = [20 + ((i * 7) % 13), 30 + ((i * 11) % 31)];
      toldMs += path.send({ thereMs, backMs });
    }
    // 15 ms on the average, and what the clock cuts off.
    expect(toldMs / 2000).toBeGreaterThan(10);
    expect(toldMs / 2000).toBeLessThan(15 + coarseMs);
  });

  it("is believed less the longer it lasts", () => {
    const path = new Path().withBulk();
    path.send();
    // Of 220 what it may have used up on its way.
    expect(path.send({ backMs: 330 })).toBeCloseTo(196, 0);
    const fromMs = path.nowMs;
    while (path.nowMs < fromMs + 8000) path.send({ backMs: 330 });
    expect(path.queue.waitMs).toBeLessThan(27);
    // Another path is no new trust.
    path.queue.reset();
    path.send();
    expect(path.send({ backMs: 330 })).toBeLessThan(27);
  });

  it("dates arrivals back by no more than has grown slowly: they would draw together", () => {
    const path = new Path().withBulk();
    path.send();
    path.send({ backMs: 130 });
    expect(path.queue.datedMs).toBeCloseTo(15, 9);
    for (let i = 0; i < 20; i++) path.send({ backMs: 130 });
    expect(path.queue.datedMs).toBe(path.queue.waitMs);
    path.send();
    expect(path.queue.datedMs).toBeCloseTo(0, 0);
  });

  it("counts as queue of our own where the peer sends hardly more than ACKs", () => {
    const path = new Path();
    path.send();
    expect(path.send({ backMs: 130 })).toBe(0);
    for (let i = 0; i < 100; i++) path.queue.onReceived(1200, true);
    expect(path.send({ backMs: 130 })).toBeCloseTo(100, 0);
    for (let i = 0; i < 2000; i++) path.queue.onReceived(60, false);
    expect(path.send({ backMs: 130 })).toBe(0);
    // Who does not say how large a packet was says of a full one.
    for (let i = 0; i < 100; i++) path.queue.onReceived(Infinity, true);
    expect(path.send({ backMs: 130 })).toBeGreaterThan(98);
  });

  it("is measured anew on another path, and not told by ACKs without a time", () => {
    const path = new Path().withBulk();
    path.send();
    path.send({ backMs: 90 });
    path.queue.onAck(120, -1, { latestPathMs: 120, minPathMs: SHORTEST_MS }, path.nowMs);
    expect(path.queue.waitMs).toBe(0);
    path.queue.reset();
    expect(path.queue.longestMs).toBe(0);
    expect(path.send({ backMs: 90 })).toBe(0);
    expect(path.send({ backMs: 110 })).toBeCloseTo(20, 0);
    path.send();
    expect(path.queue).toMatchObject({ waitMs: 0, longestMs: expect.closeTo(19.4, 0) as number });
  });
});
