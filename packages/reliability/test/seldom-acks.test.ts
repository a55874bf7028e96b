import { describe, expect, it } from "vitest";
import { BandwidthFilter } from "../src/congestion/bandwidth-filter.js";
import { BandwidthProbe } from "../src/congestion/bandwidth-probe.js";
import { OwnQueue } from "../src/congestion/own-queue.js";
import { QueueSignal } from "../src/congestion/queue-signal.js";

const RATE = 1_000_000;

/** Three round trips of 40 ms, then of 46 ms, from a peer that keeps packets for `ackDelayMs`. */
function signal(ackDelayMs: number): QueueSignal {
  const queue = new QueueSignal(0);
  for (let i = 0; i < 6; i++) queue.onSample(i < 3 ? 40 : 46, 1000 + 200 * i, 960 + 200 * i, ackDelayMs);
  return queue;
}

describe("where acknowledgements come seldom", () => {
  it("is where packets wait for more than 100 ms", () => {
    expect([25, 42, 100].map((ms) => signal(ms).seldomMs)).toEqual([0, 0, 0]);
    expect(signal(101).seldomMs).toBe(101);
    expect(signal(1000).seldomMs).toBe(1000);
  });

  it("a probe makes no longer queue than elsewhere until it is told of it", () => {
    for (const [ackDelayMs, first, again] of [
      [42, 1.25, 1.625],
      [200, 1.08, 1.08],
      [500, 1.075, 1.075],
    ] as const) {
      const probe = new BandwidthProbe(signal(ackDelayMs), 0);
      probe.start(RATE, false);
      expect(probe.gain).toBeCloseTo(first, 5);
      probe.start(RATE, true);
      expect(probe.gain).toBeCloseTo(again, 5);
    }
  });

  it("nor does the least that a probe adds on a narrow path overrun its queue", () => {
    for (const [ackDelayMs, gain] of [
      [42, 1.75],
      [200, 1.25],
      [500, 1.1],
    ] as const) {
      const probe = new BandwidthProbe(signal(ackDelayMs), 0);
      probe.start(RATE / 10, false);
      expect(probe.gain).toBeCloseTo(gain, 5);
    }
  });

  it("a flow may have twice as much in the queue", () => {
    const bandwidth = new BandwidthFilter();
    bandwidth.set(RATE, 0);
    expect(new OwnQueue(bandwidth, signal(42)).isTooLong(6)).toBe(true);
    expect(new OwnQueue(bandwidth, signal(200)).isTooLong(6)).toBe(false);
    expect(new OwnQueue(bandwidth, signal(200)).isTooLong(8)).toBe(true);
  });
});
