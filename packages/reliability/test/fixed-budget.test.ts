import { describe, expect, it } from "vitest";
import { FixedBudget } from "../src/congestion/fixed-budget.js";

describe("FixedBudget", () => {
  it("lets 256 KiB go at once and 8 MiB a second by default", () => {
    const budget = new FixedBudget();
    expect(budget.paceBytesPerSecond).toBe(8 * 1024 * 1024);
    expect(budget.windowBytes).toBe(Infinity);
    expect(budget.bandwidthBytesPerSecond).toBe(0);
    let sent = 0;
    while (budget.canSend(1200, sent, 0)) {
      sent += 1200;
      budget.onPacketSent(1200, 0, sent);
    }
    expect(sent).toBeGreaterThan(256 * 1024 - 1200);
    expect(sent).toBeLessThanOrEqual(256 * 1024);
    let now = 0;
    while (now < 1000) {
      now = budget.nextSendAt(1200, now);
      expect(budget.canSend(1200, sent, now)).toBe(true);
      sent += 1200;
      budget.onPacketSent(1200, now, sent);
    }
    expect(sent / (256 * 1024 + 8 * 1024 * 1024)).toBeCloseTo(1, 2);
  });

  it("is not slowed by what is in flight or lost", () => {
    const budget = new FixedBudget({ rateBytesPerSecond: 1000, burstBytes: 2000 });
    budget.onPacketsLost(1200, 0, 5, true);
    budget.onPacketAcked(1200, 0, 5, false);
    budget.onSpuriousLoss(1200, 0, 5);
    budget.onPathChanged(5);
    expect(budget.paceBytesPerSecond).toBe(1000);
    expect(budget.canSend(1200, 1e9, 10)).toBe(true);
    expect(budget.nextSendAt(1200, 10)).toBe(10);
  });

  it("counts packets that went without being allowed", () => {
    const budget = new FixedBudget({ rateBytesPerSecond: 1000, burstBytes: 2000 });
    budget.onPacketSent(2000, 0, 2000);
    budget.onPacketSent(1000, 0, 3000);
    expect(budget.canSend(1000, 3000, 1999)).toBe(false);
    expect(budget.nextSendAt(1000, 0)).toBe(2000);
    expect(budget.canSend(1000, 3000, 2000)).toBe(true);
  });

  it("refuses bad options with label, expectation and what came", () => {
    expect(() => new FixedBudget({ rateBytesPerSecond: 0 })).toThrow(
      new RangeError('"rateBytesPerSecond" expected 1..1000000000, got 0'),
    );
    expect(() => new FixedBudget({ rateBytesPerSecond: Infinity })).toThrow(RangeError);
    expect(() => new FixedBudget({ burstBytes: 1451 })).toThrow(
      new RangeError('"burstBytes" expected 1452..1000000000, got 1451'),
    );
    expect(() => new FixedBudget({ burstBytes: "1 MB" as unknown as number })).toThrow(TypeError);
    expect(new FixedBudget({ rateBytesPerSecond: undefined, burstBytes: 1452 }).canSend(1452, 0, 0)).toBe(true);
  });
});
