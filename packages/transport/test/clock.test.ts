import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { OwnTimers } from "../../../tests/support/own-timers.js";
import { hostTimers, timersOf } from "../src/host-timers.js";
import { SystemClock, type SystemClockOptions } from "../src/index.js";

const own = { ...hostTimers };

/** The clock goes by the timers of now, which it does not otherwise: it has bound those of the host. */
function bindNow(): void {
  Object.assign(hostTimers, timersOf(globalThis as never));
}

describe("SystemClock", () => {
  let timers: OwnTimers;

  beforeEach(() => {
    const ofTimers = ["setTimeout", "clearTimeout", "setImmediate", "clearImmediate"] as const;
    const toFake = [...ofTimers, "performance", "queueMicrotask"] as const;
    timers = new OwnTimers("/packages/transport/src/", { toFake: [...toFake] });
    bindNow();
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
    timers.restore();
    Object.assign(hostTimers, own);
  });

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
    for (const overdueMs of [1000, 0]) clock.setTimer(clock.now() - overdueMs, () => calls++);
    expect(calls).toBe(0);
    vi.advanceTimersByTime(0);
    expect(calls).toBe(2);
    expect([clock.activeTimers, timers.count]).toEqual([0, 0]);
  });

  it("waits for no millisecond where the time is past, but for what is left of a time that is not", () => {
    const setTimeoutCalls = vi.spyOn(hostTimers, "setTimeout");
    const clock = new SystemClock();
    clock.setTimer(clock.now(), () => undefined);
    clock.setTimer(clock.now() - 0.01, () => undefined);
    expect(setTimeoutCalls).not.toHaveBeenCalled();
    clock.setTimer(clock.now() + 0.01, () => undefined);
    expect(setTimeoutCalls.mock.calls.map(([, delayMs]) => delayMs)).toEqual([1]);
    vi.advanceTimersByTime(1);
    expect(clock.activeTimers).toBe(0);
  });

  it("clears a timer whose time is past", () => {
    const clock = new SystemClock();
    let calls = 0;
    const cleared = clock.setTimer(clock.now() - 5, () => calls++);
    clock.setTimer(clock.now() - 5, () => clock.clearTimer(third));
    const third = clock.setTimer(clock.now() - 5, () => calls++);
    clock.clearTimer(cleared);
    clock.clearTimer(cleared);
    vi.advanceTimersByTime(10);
    expect([calls, clock.activeTimers, timers.count]).toEqual([0, 0, 0]);
  });

  it.each(["setImmediate", "clearImmediate"])("takes setTimeout for a past time where there is no %s", (missing) => {
    vi.stubGlobal(missing, undefined);
    bindNow();
    const setTimeoutCalls = vi.spyOn(hostTimers, "setTimeout");
    const clock = new SystemClock();
    let calls = 0;
    const cleared = clock.setTimer(clock.now() - 5, () => calls++);
    clock.setTimer(clock.now() - 5, () => calls++);
    expect(setTimeoutCalls.mock.calls.map(([, delayMs]) => delayMs)).toEqual([0, 0]);
    clock.clearTimer(cleared);
    vi.advanceTimersByTime(1);
    expect([calls, clock.activeTimers, vi.getTimerCount()]).toEqual([1, 0, 0]);
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

  it("lets the process end while timers are armed where it is told to; past ones hold it for their turn", () => {
    const isHeld = (options: SystemClockOptions): boolean[] => {
      const set = [vi.spyOn(hostTimers, "setTimeout"), vi.spyOn(hostTimers, "setImmediate" as never)];
      const clock = new SystemClock(options);
      const handles = [clock.setTimer(clock.now() + 5, () => undefined), clock.setTimer(0, () => undefined)];
      const held = set.map(({ mock }) => (mock.results[0]?.value as NodeJS.Timeout).hasRef());
      for (const handle of handles) clock.clearTimer(handle);
      vi.restoreAllMocks();
      return held;
    };
    Object.assign(hostTimers, own);
    expect(isHeld({ unref: undefined })).toEqual([true, true]);
    // One that does not hold it would wait for the next event of another kind.
    expect(isHeld({ unref: true })).toEqual([false, true]);
  });

  it("takes what browsers have: timers that are numbers, and functions that are no other object's", () => {
    const method = function (this: unknown): number {
      if (this !== strict) throw new TypeError("Illegal invocation");
      return 1;
    };
    const strict = { performance, setTimeout: method, clearTimeout: method, queueMicrotask: method };
    Object.assign(hostTimers, timersOf(strict));
    const clock = new SystemClock({ unref: true });
    clock.defer(() => undefined);
    clock.clearTimer(clock.setTimer(clock.now() + 5, () => undefined));
    expect(clock.activeTimers).toBe(0);
  });

  it("refuses options that there are not, and what is no boolean", () => {
    expect(() => new SystemClock({ unref: 1 as never })).toThrow('"unref" expected a boolean, got 1');
    expect(() => new SystemClock({ ref: true } as never)).toThrow('"options" expected only unref, got "ref"');
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
  it("goes on through a test's fake timers, and after them with what was set meanwhile", async () => {
    const clock = new SystemClock();
    const beforeMs = performance.now();
    vi.useFakeTimers();
    let after: Promise<number>;
    try {
      expect(clock.now()).toBeGreaterThanOrEqual(beforeMs);
      const soon = (): Promise<number> =>
        new Promise((r) => void clock.setTimer(clock.now() + 1, () => r(clock.now())));
      await new Promise<void>((resolve) => clock.setTimer(clock.now() - 1, resolve));
      await new Promise<void>((resolve) => clock.defer(resolve));
      await soon();
      after = soon();
    } finally {
      vi.useRealTimers();
    }
    expect(await after).toBeGreaterThan(beforeMs);
    expect(clock.activeTimers).toBe(0);
  });

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

  it("lets input and timers have their turn between timers that are past due, one after the other", async () => {
    const clock = new SystemClock();
    let turns = 0;
    let isOver = false;
    const next = (): void => {
      turns += 1;
      if (!isOver) clock.setTimer(clock.now() - 1000, next);
    };
    next();
    // Either would wait for ever for a chain that never lets go.
    await readFile(new URL(import.meta.url));
    await new Promise((resolve) => setTimeout(resolve, 5));
    isOver = true;
    expect(turns).toBeGreaterThan(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(clock.activeTimers).toBe(0);
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
