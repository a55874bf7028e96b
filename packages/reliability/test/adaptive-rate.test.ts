import { describe, expect, it } from "vitest";
import { AdaptiveRate } from "../src/congestion/adaptive-rate.js";
import { leastPace } from "../src/congestion/pace.js";
import { PACKET_BYTES, PathModel, type PathOptions, quantile } from "./support/path-model.js";

function bulk(path: Partial<PathOptions>, ms: number, flushIntervalMs: number = 0) {
  const controller = new AdaptiveRate({ flushIntervalMs });
  const model = new PathModel(controller, path);
  model.run(ms);
  return { controller, model };
}

describe("AdaptiveRate", () => {
  it.each([
    [50_000, 60],
    [250_000, 20],
    [1_250_000, 1],
    [1_250_000, 100],
    [1_250_000, 500],
    [12_500_000, 20],
  ])("fills a link of %d bytes/s with a round trip of %d ms and keeps its queue short", (bytesPerSecond, baseRttMs) => {
    const startMs = 20 * baseRttMs + 1000;
    const { model } = bulk({ bytesPerSecond, baseRttMs, bufferBytes: bytesPerSecond / 2 }, startMs);
    const deliveredBefore = model.deliveredBytes;
    model.queueMs.length = 0;
    model.run(10_000);
    expect((model.deliveredBytes - deliveredBefore) / 10).toBeGreaterThan(0.85 * bytesPerSecond);
    expect(model.lostPackets).toBe(0);
    const packetMs = (PACKET_BYTES * 1000) / bytesPerSecond;
    expect(quantile(model.queueMs, 0.95)).toBeLessThan(Math.max(45, 4 * packetMs));
  });

  it("does not overrun a path at the start when packet trains show its rate", () => {
    const { model } = bulk({ bytesPerSecond: 1_250_000, baseRttMs: 100, bufferBytes: 1e6 }, 2000, 1000 / 60);
    expect(Math.max(...model.queueMs)).toBeLessThan(60);
  });

  it.each([0.02, 0.1, 0.2])("keeps sending at a random loss of %d", (loss) => {
    const { model } = bulk({ loss, bytesPerSecond: 500_000, baseRttMs: 60 }, 20_000);
    expect(model.deliveredBytes / 20).toBeGreaterThan((1 - loss) * 0.75 * 500_000);
  });

  it("gives way to losses that come from its own rate, where a buffer is too small to show", () => {
    const { model } = bulk({ bytesPerSecond: 500_000, baseRttMs: 60, bufferBytes: 6000 }, 20_000);
    expect(model.deliveredBytes / 20).toBeGreaterThan(0.7 * 500_000);
    expect(model.lostPackets / model.sentPackets).toBeLessThan(0.1);
  });

  it("finds a higher rate within seconds and a lower one in time", () => {
    const { model, controller } = bulk({ bytesPerSecond: 500_000, baseRttMs: 40 }, 5000);
    model.path.bytesPerSecond = 2_000_000;
    model.run(5000);
    expect(controller.bandwidthBytesPerSecond).toBeGreaterThan(1_600_000);
    model.path.bytesPerSecond = 250_000;
    model.path.bufferBytes = 1e6;
    model.run(4000);
    expect(controller.paceBytesPerSecond).toBeLessThan(300_000);
  });

  it("gives way by its share of a queue that others keep up, not by a tenth each time", () => {
    const { model } = bulk({ bytesPerSecond: 800_000, baseRttMs: 20 }, 5000);
    // What a queue of 40 ms that comes by and by and does not end looks like to one flow.
    for (let i = 0; i < 10; i++) {
      model.path.baseRttMs += 4;
      model.run(100);
    }
    const before = model.deliveredBytes;
    model.run(1000);
    expect(model.deliveredBytes - before).toBeLessThan(0.25 * 800_000);
  });

  it("takes a round trip that jumps and stays for the path's, before giving way has cost nearly all", () => {
    const { model } = bulk({ bytesPerSecond: 800_000, baseRttMs: 40 }, 5000);
    model.path.baseRttMs = 70;
    model.run(4000);
    const before = model.deliveredBytes;
    model.run(2000);
    expect((model.deliveredBytes - before) / 2).toBeGreaterThan(0.75 * 800_000);
  });

  it.each([
    [50, 200_000, 1000 / 60],
    [50, 400_000, 1000 / 60],
    [100, 200_000, 100],
    [100, 400_000, 100],
    [200, 400_000, 100],
    [200, 800_000, 100],
  ])("takes what arrived for want of data for no rate of the path: %d ms, %d bytes/s", (baseRttMs, slow, everyMs) => {
    const { model, controller } = bulk({ bytesPerSecond: 1_000_000, baseRttMs }, 5000);
    model.isBulk = false;
    for (let ms = 0; ms < 4000; ms += everyMs) {
      model.offeredPackets = 1;
      model.run(everyMs);
    }
    // Meanwhile the path became slower: the first queue of the bulk that follows is a sudden one.
    model.path.bytesPerSecond = slow;
    model.path.bufferBytes = 1e6;
    model.isBulk = true;
    let least = Infinity;
    for (let i = 0; i < 100; i++) {
      model.run(10);
      least = Math.min(least, controller.bandwidthBytesPerSecond);
    }
    expect(least).toBeGreaterThan(0.85 * slow);
  });

  it("starts anew on a longer path that it took for a queue", () => {
    const { model, controller } = bulk({ bytesPerSecond: 500_000, baseRttMs: 20 }, 5000);
    model.path.baseRttMs = 400;
    const phases = new Set<string>();
    for (let i = 0; i < 150; i++) {
      model.run(100);
      phases.add(controller.phase);
    }
    expect(controller.bandwidthBytesPerSecond).toBeGreaterThan(0.75 * 500_000);
    expect(phases).toContain("startup");
  });

  it.each([300, 400, 600])("is at its rate again some round trips after a jump to one of %d ms", (baseRttMs) => {
    const { model } = bulk({ bytesPerSecond: 1_250_000, baseRttMs: 10 }, 5000);
    model.path.baseRttMs = baseRttMs;
    model.run(13 * baseRttMs);
    const before = model.deliveredBytes;
    model.run(2000);
    expect((model.deliveredBytes - before) / 2).toBeGreaterThan(0.75 * 1_250_000);
  });

  it("lets what a probe leaves in the queue go before the next one", () => {
    const { model } = bulk({ bytesPerSecond: 1_250_000, baseRttMs: 100 }, 3000, 1000 / 60);
    model.queueMs.length = 0;
    model.run(8000);
    expect(quantile(model.queueMs, 0.99)).toBeLessThan(26);
  });

  it("measures a longer path anew within some ten seconds and fills it again", () => {
    const { model } = bulk({ bytesPerSecond: 500_000, baseRttMs: 20 }, 5000);
    model.path.baseRttMs = 400;
    model.run(15_000);
    const before = model.deliveredBytes;
    model.run(10_000);
    expect((model.deliveredBytes - before) / 10).toBeGreaterThan(0.75 * 500_000);
  });

  it("keeps its estimate through a minute of thin traffic, and forgets it by and by when nothing confirms it", () => {
    const { model, controller } = bulk({ bytesPerSecond: 1_000_000, baseRttMs: 50 }, 5000);
    const measured = controller.bandwidthBytesPerSecond;
    model.isBulk = false;
    const thin = (seconds: number): void => {
      for (let i = 0; i < seconds * 60; i++) {
        model.offeredPackets = 1;
        model.run(1000 / 60);
      }
    };
    thin(15);
    expect(controller.bandwidthBytesPerSecond).toBeGreaterThan(0.9 * measured);
    thin(60);
    // Never below what the thin traffic itself shows.
    expect(controller.bandwidthBytesPerSecond).toBeLessThan(measured / 2);
    expect(controller.bandwidthBytesPerSecond).toBeGreaterThan(60 * PACKET_BYTES * 0.9);
    model.isBulk = true;
    model.run(2000);
    expect(controller.bandwidthBytesPerSecond).toBeGreaterThan(0.8 * 1_000_000);
  });

  it("is not misled by keep-alives", () => {
    const { model, controller } = bulk({ bytesPerSecond: 1_000_000, baseRttMs: 50 }, 5000);
    const before = controller.bandwidthBytesPerSecond;
    model.isBulk = false;
    for (let i = 0; i < 6; i++) {
      model.offeredPackets = 1;
      model.run(3000);
    }
    expect(controller.bandwidthBytesPerSecond).toBeGreaterThanOrEqual(before / 2);
    expect(controller.phase).not.toBe("drain");
  });

  it("lets small messages go although bulk has used up window and pace", () => {
    const controller = new AdaptiveRate();
    const model = new PathModel(controller, { bytesPerSecond: 50_000, baseRttMs: 100 });
    model.run(3000);
    while (controller.canSend(PACKET_BYTES, model.bytesInFlight, model.nowMs, false)) {
      controller.onPacketSent(PACKET_BYTES, model.nowMs, model.bytesInFlight);
    }
    expect(controller.nextSendAt(PACKET_BYTES, model.nowMs, false)).toBeGreaterThan(model.nowMs);
    expect(controller.canSend(100, controller.windowBytes, model.nowMs, false)).toBe(false);
    expect(controller.canSend(100, controller.windowBytes, model.nowMs, true)).toBe(true);
  });

  it("starts small again after persistent congestion, and is as quick as before once packets arrive", () => {
    const { model, controller } = bulk({ bytesPerSecond: 1_000_000, baseRttMs: 50 }, 3000);
    const windowBefore = controller.windowBytes;
    controller.onPacketsLost(50_000, model.nowMs, model.nowMs, true);
    expect(controller.windowBytes).toBe(4 * PACKET_BYTES);
    model.run(1000);
    expect(controller.windowBytes).toBeGreaterThan(0.7 * windowBefore);
  });

  it("forgets the old path on a new one", () => {
    const { model, controller } = bulk({ bytesPerSecond: 1_000_000, baseRttMs: 50 }, 3000);
    controller.onPathChanged(model.nowMs);
    expect(controller.bandwidthBytesPerSecond).toBe(0);
    expect(controller.windowBytes).toBe(10 * PACKET_BYTES);
    expect(controller.phase).toBe("startup");
    model.run(2000);
    expect(controller.bandwidthBytesPerSecond).toBeGreaterThan(800_000);
  });

  // Pin: fuzz/corpus/connection-operations/01e8777861c9db01, where five messages were missing eight seconds after a bad
  // path had become good.
  it.each([
    [1, 60_000],
    [20, 60_000],
    [100, 12_000],
    [240, 5000],
    [10_000, 5000],
  ])("at a round trip of %d ms paces at %d bytes/s or more", (rttMs, bytesPerSecond) => {
    expect(leastPace(rttMs, false)).toBe(bytesPerSecond);
  });

  it("never exceeds the cap", () => {
    const controller = new AdaptiveRate({ maxRateBytesPerSecond: 100_000 });
    const model = new PathModel(controller, { bytesPerSecond: 1e7, baseRttMs: 10 });
    model.run(10_000);
    expect(model.deliveredBytes / 10).toBeLessThan(102_000);
    expect(model.deliveredBytes / 10).toBeGreaterThan(95_000);
  });

  it("refuses bad options with label, expectation and what came", () => {
    expect(() => new AdaptiveRate({ maxRateBytesPerSecond: 999 })).toThrow(
      new RangeError('"maxRateBytesPerSecond" expected 1000..1000000000, got 999'),
    );
    expect(() => new AdaptiveRate({ flushIntervalMs: -1 })).toThrow(
      new RangeError('"flushIntervalMs" expected 0..1000, got -1'),
    );
    expect(() => new AdaptiveRate({ flushIntervalMs: "16" as unknown as number })).toThrow(TypeError);
  });
});
