import { describe, expect, it } from "vitest";
import { LinkSimulator } from "../src/link.js";

/** bytes/s: 1 byte takes 1 ms / 125. */
const MBIT = 125_000;

describe("bandwidth", () => {
  it("spaces a burst out at the link's rate", () => {
    const link = new LinkSimulator({ latencyMs: 10, bandwidthBytesPerSecond: MBIT, queueBytes: 1e6 }, 1);
    for (let i = 1; i <= 100; i++) {
      expect(link.transmit(1000, 0)).toBe(1);
      expect(link.arrivalMs(0)).toBeCloseTo(10 + i * 8, 9);
    }
  });

  it("carries at most its rate, and that when it is asked for more", () => {
    // Twice the rate for 100 s.
    const link = new LinkSimulator({ bandwidthBytesPerSecond: MBIT, queueBytes: 20_000 }, 2);
    let lastMs = 0;
    for (let i = 0; i < 25_000; i++) if (link.transmit(1000, i * 4) > 0) lastMs = link.arrivalMs(0);
    const { passedBytes, queueFull, offered, passed } = link.statistics;
    expect(passedBytes / lastMs).toBeCloseTo(125, 0);
    expect(queueFull / offered).toBeCloseTo(0.5, 2);
    expect(passed + queueFull).toBe(offered);
  });

  it("adds no delay beyond transmission to traffic below its rate", () => {
    const link = new LinkSimulator({ bandwidthBytesPerSecond: MBIT }, 3);
    let worst = 0;
    for (let i = 0; i < 10_000; i++) {
      link.transmit(1000, i * 8);
      worst = Math.max(worst, Math.abs(link.arrivalMs(0) - (i * 8 + 8)));
    }
    expect(worst).toBeLessThan(1e-6);
  });

  it("counts the overhead of each datagram", () => {
    const link = new LinkSimulator({ bandwidthBytesPerSecond: MBIT, overheadBytes: 28 }, 4);
    link.transmit(97, 0);
    expect(link.arrivalMs(0)).toBeCloseTo(1, 9);
    expect(link.statistics.passedBytes).toBe(97);
  });

  it("is used up by datagrams that are lost after it", () => {
    const link = new LinkSimulator({ bandwidthBytesPerSecond: MBIT, loss: 1 }, 5);
    link.transmit(1000, 0);
    expect(link.queuedBytes(0)).toBe(1000);
    expect(link.queueingDelayMs(4)).toBeCloseTo(4, 9);
  });
});

describe("the queue", () => {
  it("drops exactly what does not fit", () => {
    const link = new LinkSimulator({ bandwidthBytesPerSecond: MBIT, queueBytes: 5000 }, 1);
    const passed = Array.from({ length: 8 }, () => link.transmit(1000, 0));
    expect(passed).toEqual([1, 1, 1, 1, 1, 0, 0, 0]);
    expect(link.verdict).toBe("queue-full");
    expect(link.statistics).toMatchObject({ offered: 8, passed: 5, queueFull: 3 });
    // 1000 bytes leave in 8 ms: room for one more, not for two.
    expect(link.transmit(1000, 8)).toBe(1);
    expect(link.transmit(1000, 8)).toBe(0);
    // A smaller one still fits when there is room for it alone.
    expect(link.transmit(100, 9)).toBe(1);
    expect(link.verdict).toBe("passed");
  });

  it("bounds the queueing delay by its size", () => {
    const link = new LinkSimulator({ bandwidthBytesPerSecond: MBIT, queueBytes: 12_500 }, 2);
    let longest = 0;
    let mostQueued = 0;
    for (let i = 0; i < 10_000; i++) {
      if (link.transmit(500, i) > 0) longest = Math.max(longest, link.arrivalMs(0) - i);
      mostQueued = Math.max(mostQueued, link.queueingDelayMs(i));
    }
    expect(longest).toBeCloseTo(100, 0);
    expect(longest).toBeLessThanOrEqual(100.000_001);
    expect(mostQueued).toBeLessThanOrEqual(100.000_001);
    expect(link.statistics.queueFull).toBeGreaterThan(0);
  });

  it("lets an idle link take a datagram larger than the queue, and nothing beside it", () => {
    const link = new LinkSimulator({ bandwidthBytesPerSecond: MBIT, queueBytes: 0 }, 3);
    expect(link.transmit(1000, 0)).toBe(1);
    expect(link.transmit(1000, 7.9)).toBe(0);
    expect(link.transmit(1000, 8)).toBe(1);
  });

  it("holds 100 ms at the link's rate by default, and ten full packets on a slow link", () => {
    const queueOf = (rate: number): number => {
      const link = new LinkSimulator({ bandwidthBytesPerSecond: rate }, 4);
      while (link.transmit(1500, 0) > 0);
      return link.queuedBytes(0);
    };
    expect(queueOf(1_500_000)).toBe(150_000);
    expect(queueOf(1000)).toBe(15_000);
  });

  it("drains as time goes on, and is never negative", () => {
    const link = new LinkSimulator({ bandwidthBytesPerSecond: MBIT }, 5);
    link.transmit(1000, 0);
    expect(link.queuedBytes(4)).toBeCloseTo(500, 9);
    expect(link.queuedBytes(1e6)).toBe(0);
    expect(link.queueingDelayMs(1e6)).toBe(0);
    // Looking ahead moved nothing.
    expect(link.queuedBytes(0)).toBe(1000);
    link.transmit(125, 0);
    expect(link.arrivalMs(0)).toBeCloseTo(9, 9);
  });

  it("takes a time in the past for the latest", () => {
    const link = new LinkSimulator({ latencyMs: 5 }, 6);
    link.transmit(10, 100);
    link.transmit(10, 50);
    expect(link.arrivalMs(0)).toBe(105);
  });
});

describe("mtu", () => {
  it("passes what fits and drops what is larger", () => {
    const link = new LinkSimulator({ mtu: 1200 }, 1);
    expect(link.transmit(1200, 0)).toBe(1);
    expect(link.transmit(1201, 0)).toBe(0);
    expect(link.verdict).toBe("too-big");
    expect(link.statistics).toMatchObject({ offered: 2, passed: 1, tooBig: 1 });
  });

  it("is the path MTU when the headers are given as overhead", () => {
    const link = new LinkSimulator({ mtu: 1500, overheadBytes: 48 }, 1);
    expect(link.transmit(1452, 0)).toBe(1);
    expect(link.transmit(1453, 0)).toBe(0);
  });

  it("leaves the queue alone for what is too big", () => {
    const link = new LinkSimulator({ mtu: 1200, bandwidthBytesPerSecond: MBIT }, 1);
    link.transmit(1400, 0);
    expect(link.queuedBytes(0)).toBe(0);
  });
});

describe("configure", () => {
  it("applies to what is sent from then on", () => {
    const link = new LinkSimulator({ latencyMs: 10 }, 1);
    link.transmit(10, 0);
    expect(link.arrivalMs(0)).toBe(10);
    link.configure({ latencyMs: 400 }, 5);
    link.transmit(10, 5);
    expect(link.arrivalMs(0)).toBe(405);
    link.configure({ loss: 1 }, 6);
    expect(link.transmit(10, 6)).toBe(0);
    link.configure("lan", 7);
    expect(link.transmit(10, 7)).toBe(1);
  });

  it("lets new datagrams overtake after a lower latency, as after a change of route", () => {
    const link = new LinkSimulator({ latencyMs: 400 }, 2);
    link.transmit(10, 0);
    link.configure({ latencyMs: 20 }, 10);
    link.transmit(10, 10);
    expect(link.arrivalMs(0)).toBe(30);
  });

  it("keeps the order after any other change", () => {
    const link = new LinkSimulator({ latencyMs: 20, bandwidthBytesPerSecond: MBIT }, 3);
    link.transmit(10_000, 0);
    const before = link.arrivalMs(0);
    link.configure({ latencyMs: 20 }, 1);
    link.transmit(10, 1);
    expect(link.arrivalMs(0)).toBe(before);
  });

  it("goes on with what is queued at the new rate", () => {
    const link = new LinkSimulator({ bandwidthBytesPerSecond: MBIT }, 4);
    link.transmit(10_000, 0);
    link.configure({ bandwidthBytesPerSecond: 2 * MBIT }, 40);
    expect(link.queuedBytes(40)).toBeCloseTo(5000, 6);
    expect(link.queueingDelayMs(40)).toBeCloseTo(20, 6);
    expect(link.queuedBytes(60)).toBe(0);
  });

  it("changes nothing when the options are bad", () => {
    const link = new LinkSimulator({ latencyMs: 10 }, 5);
    expect(() => link.configure({ latencyMs: -1 }, 0)).toThrow(RangeError);
    link.transmit(1, 0);
    expect(link.arrivalMs(0)).toBe(10);
  });
});
