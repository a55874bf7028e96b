import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { OwnTimers } from "../../../tests/support/own-timers.js";
import { SystemClock } from "../src/index.js";

describe("SystemClock", () => {
  let timers: OwnTimers;

  beforeEach(() => {
    const toFake = ["setTimeout", "clearTimeout", "performance", "queueMicrotask"] as const;
    timers = new OwnTimers("/packages/transport/src/", { toFake: [...toFake] });
  });
  afterEach(() => timers.restore());

  it("fires once at its time and not before, though hosts cut fractions off", () => {
    const clock = new SystemClock();
    const atMs = clock.now() + 10.5;
    let firedAtMs = Number.NaN;
    let calls = 0;
    expect(
      clock.setTimer(atMs, () => {
        firedAtMs = clock.now();
        calls++;
      }).atMs,
    ).toBe(atMs);
    vi.advanceTimersByTime(10);
    expect(calls).toBe(0);
    vi.advanceTimersByTime(1);
    expect(calls).toBe(1);
    expect(firedAtMs).toBeGreaterThanOrEqual(atMs);
    vi.advanceTimersByTime(1000);
    expect(calls).toBe(1);
    expect(clock.activeTimers).toBe(0);
  });

  it("fires a past time soon, but never inside setTimer", () => {
    const clock = new SystemClock();
    let calls = 0;
    clock.setTimer(clock.now() - 1000, () => calls++);
    expect(calls).toBe(0);
    vi.advanceTimersByTime(1);
    expect(calls).toBe(1);
  });

  it("waits longer than setTimeout can", () => {
    const clock = new SystemClock();
    const delayMs = 3 * 2 ** 31;
    let calls = 0;
    clock.setTimer(clock.now() + delayMs, () => calls++);
    vi.advanceTimersByTime(delayMs - 1);
    expect(calls).toBe(0);
    expect(clock.activeTimers).toBe(1);
    vi.advanceTimersByTime(2);
    expect(calls).toBe(1);
    expect(clock.activeTimers).toBe(0);
  });

  it("counts the timers that are armed; clearing is idempotent", () => {
    const clock = new SystemClock();
    let calls = 0;
    const first = clock.setTimer(clock.now() + 5, () => calls++);
    const second = clock.setTimer(clock.now() + 3 * 2 ** 31, () => calls++);
    expect([clock.activeTimers, timers.count]).toEqual([2, 2]);
    clock.clearTimer(second);
    clock.clearTimer(second);
    expect(clock.activeTimers).toBe(1);
    vi.advanceTimersByTime(6);
    clock.clearTimer(first);
    expect(clock.activeTimers).toBe(0);
    expect(calls).toBe(1);
    expect(timers.count).toBe(0);
  });

  it("refuses a time that is not finite", () => {
    const clock = new SystemClock();
    for (const atMs of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => clock.setTimer(atMs, () => undefined)).toThrow(`"atMs" expected a finite number, got ${atMs}`);
    }
    expect(clock.activeTimers).toBe(0);
  });
});

describe("SystemClock with the host's own timers", () => {
  it("defers until the current work is done, before any timer", async () => {
    const clock = new SystemClock();
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      clock.setTimer(clock.now(), () => {
        order.push("timer");
        resolve();
      });
      clock.defer(() => order.push("deferred"));
      order.push("work");
    });
    expect(order).toEqual(["work", "deferred", "timer"]);
  });

  it("is monotonic", () => {
    const clock = new SystemClock();
    let last = clock.now();
    for (let i = 0; i < 1000; i++) {
      const now = clock.now();
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
  });
});
