import { describe, expect, it } from "vitest";
import { AdaptiveRate } from "../src/congestion/adaptive-rate.js";
import { PathModel, quantile } from "./support/path-model.js";

interface Fall {
  readonly baseRttMs: number;
  /** bytes/s. */
  readonly before: number;
  readonly after: number;
  readonly bufferBytes: number;
}

/** Bulk that fills a path, whose rate falls after `atMs` before a deep buffer. */
function fall({ baseRttMs, before, after, bufferBytes }: Fall, atMs: number) {
  const controller = new AdaptiveRate();
  const model = new PathModel(controller, { bytesPerSecond: before, baseRttMs, bufferBytes: before / 10 });
  model.run(atMs);
  model.path.bytesPerSecond = after;
  model.path.bufferBytes = bufferBytes;
  return { controller, model };
}

/** So that the rate falls in all phases: when it cruises, as soon as it does, and when it probes. */
const TIMES: readonly number[] = Array.from({ length: 12 }, (_, i) => 3000 + i * 73);

describe("AdaptiveRate before a deep buffer, when the path's rate falls far", () => {
  it.each<Fall>([
    { baseRttMs: 40, before: 2_500_000, after: 62_500, bufferBytes: 512_000 },
    { baseRttMs: 40, before: 2_500_000, after: 125_000, bufferBytes: 1_000_000 },
    { baseRttMs: 80, before: 625_000, after: 62_500, bufferBytes: 500_000 },
    { baseRttMs: 200, before: 1_250_000, after: 125_000, bufferBytes: 300_000 },
  ])("fills it once and no more: $baseRttMs ms, $before to $after bytes/s", (path) => {
    for (const atMs of TIMES) {
      const { model } = fall(path, atMs);
      // What was in flight when the rate fell, and what goes until that can be seen; then it has drained.
      const drainMs =
        (Math.min(path.bufferBytes, 2.2 * path.before * (path.baseRttMs / 1000 + 0.05)) / path.after) * 1000;
      model.run(drainMs + 1500);
      model.queueMs.length = 0;
      const deliveredBefore = model.deliveredBytes;
      model.run(12_000);
      expect(quantile(model.queueMs, 0.99)).toBeLessThan(200);
      expect((model.deliveredBytes - deliveredBefore) / 12).toBeGreaterThan(0.85 * path.after);
    }
  });

  it("knows the rate within a second and a half, while the queue is long still", () => {
    for (const atMs of TIMES) {
      const { controller, model } = fall(
        { baseRttMs: 40, before: 6_250_000, after: 62_500, bufferBytes: 512_000 },
        atMs,
      );
      model.run(1500);
      expect(controller.bandwidthBytesPerSecond).toBeLessThan(100_000);
    }
  });

  it("goes on at its rate when a path gives everything after holding it back", () => {
    const { controller, model } = fall(
      { baseRttMs: 40, before: 1_250_000, after: 20_000, bufferBytes: 1_000_000 },
      3000,
    );
    model.run(600);
    model.path.bytesPerSecond = 1_250_000;
    model.run(8000);
    expect(controller.bandwidthBytesPerSecond).toBeGreaterThan(0.85 * 1_250_000);
  });
});
