import type { Clock, TimerHandle } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { type TickEvent, TickLoop } from "../src/tick-loop.js";
import { ManualClock } from "./support/manual-clock.js";

const INTERVAL_MS = 20;
const HOUR_MS = 3_600_000;

/** A clock that is not monotonic, as one of the date is: it steps, and timers that are armed run on by true time. */
class SteppingClock implements Clock {
  readonly trueTime: ManualClock = new ManualClock();
  offsetMs = 2 * HOUR_MS;

  now(): number {
    return this.trueTime.now() + this.offsetMs;
  }

  setTimer(atMs: number, callback: () => void): TimerHandle {
    return this.trueTime.setTimer(atMs - this.offsetMs, callback);
  }

  clearTimer(handle: TimerHandle): void {
    this.trueTime.clearTimer(handle);
  }

  defer(callback: () => void): void {
    this.trueTime.defer(callback);
  }
}

interface Loop {
  readonly clock: SteppingClock;
  readonly loop: TickLoop;
  /** With the true time of each. */
  readonly ticks: (TickEvent & { readonly trueMs: number })[];
}

function started(
  onTick: (clock: SteppingClock, tick: number) => void = () => {},
  receiveSoon: (limitMs: number, done: () => void) => boolean = () => false,
): Loop {
  const clock = new SteppingClock();
  const ticks: Loop["ticks"] = [];
  const loop = new TickLoop(1000 / INTERVAL_MS, clock, {
    tick(event) {
      ticks.push({ ...event, trueMs: clock.trueTime.now() });
      onTick(clock, event.tick);
      return false;
    },
    receiveSoon,
  });
  loop.start();
  return { clock, loop, ticks };
}

function gapsOf(ticks: Loop["ticks"]): number[] {
  return ticks.slice(1).map(({ trueMs }, index) => trueMs - (ticks[index] as { trueMs: number }).trueMs);
}

describe("a tick loop whose clock steps back", () => {
  it.each([
    ["an hour", HOUR_MS],
    ["a minute", 60_000],
    ["two intervals and a bit", 2.1 * INTERVAL_MS],
  ])("by %s between two ticks goes on at its rate, without a burst", (_, stepMs) => {
    const { clock, loop, ticks } = started();
    clock.trueTime.runTo(1005);
    clock.offsetMs -= stepMs;
    clock.trueTime.runTo(10_000);
    expect(ticks).toHaveLength(500);
    expect(gapsOf(ticks).every((gapMs) => Math.abs(gapMs - INTERVAL_MS) < 1e-6)).toBe(true);
    expect(ticks.every(({ lateMs, previousBusyMs }) => lateMs === 0 && previousBusyMs === 0)).toBe(true);
    expect(loop.statistics.snapshot()).toMatchObject({ ticks: 500, skipped: 0, overruns: 0, lateMaxMs: 0 });
    expect(clock.trueTime.armed).toBe(1);
  });

  it("within a tick goes on at its rate, and tells of no time that was negative", () => {
    const { clock, loop, ticks } = started((time, tick) => {
      if (tick === 49) time.offsetMs -= HOUR_MS;
    });
    clock.trueTime.runTo(10_000);
    expect(ticks).toHaveLength(500);
    expect(Math.max(...gapsOf(ticks))).toBeLessThan(INTERVAL_MS + 1e-6);
    expect(ticks.every(({ lateMs, previousBusyMs }) => lateMs === 0 && previousBusyMs === 0)).toBe(true);
    expect(loop.statistics.snapshot()).toMatchObject({ skipped: 0, busyMaxMs: 0, busyP50Ms: 0 });
  });

  it("by less than an interval has one tick late by that, and no other", () => {
    const { clock, ticks } = started();
    clock.trueTime.runTo(1005);
    clock.offsetMs -= 15;
    clock.trueTime.runTo(1200);
    expect(gapsOf(ticks).filter((gapMs) => gapMs > INTERVAL_MS)).toEqual([INTERVAL_MS + 15]);
  });

  it("again and again, never has two ticks at once", () => {
    const { clock, ticks } = started();
    for (let atMs = 100; atMs <= 5000; atMs += 100) {
      clock.trueTime.runTo(atMs + 5);
      clock.offsetMs -= 1000;
    }
    expect(Math.min(...gapsOf(ticks))).toBeGreaterThan(INTERVAL_MS - 1e-6);
    expect(ticks).toHaveLength(250);
  });

  it("and forward again later makes up for as many ticks as after any hold-up", () => {
    const { clock, loop, ticks } = started();
    clock.trueTime.runTo(1005);
    clock.offsetMs -= HOUR_MS;
    clock.trueTime.runTo(2005);
    clock.offsetMs += HOUR_MS;
    clock.trueTime.runTo(3005);
    const atOnce = gapsOf(ticks).filter((gapMs) => gapMs < INTERVAL_MS / 2);
    expect(atOnce.length).toBeLessThanOrEqual(4);
    expect(loop.statistics.snapshot().skipped).toBeGreaterThan((HOUR_MS - 1000) / INTERVAL_MS);
    expect(ticks.length).toBeGreaterThanOrEqual(150);
  });

  it("while it waits for what has come goes on all the same", () => {
    let waits = 0;
    const { clock, ticks } = started(
      (time, tick) => {
        // Late by more than its interval: the next one is due, and what has come is received first.
        if (tick === 10) time.trueTime.block(30);
      },
      () => {
        waits += 1;
        // The transport never says that it is done.
        clock.offsetMs -= HOUR_MS;
        return true;
      },
    );
    clock.trueTime.runTo(5000);
    expect(waits).toBe(1);
    expect(ticks.length).toBeGreaterThan(240);
    expect(Math.max(...gapsOf(ticks))).toBeLessThan(5 * INTERVAL_MS);
  });
});

describe("a tick loop whose clock is monotonic", () => {
  it("keeps to its rate without drift though all its timers come a little early", () => {
    const { clock, ticks } = started();
    const early = clock.setTimer.bind(clock);
    clock.setTimer = (atMs, callback) => early(atMs - 0.9, callback);
    clock.trueTime.runTo(60_001);
    expect(ticks).toHaveLength(3000);
    expect(ticks.at(-1)?.trueMs).toBeCloseTo(60_000 - 0.9, 3);
  });

  it("is not anchored anew by a pause after ticks that take longer than their interval", () => {
    const { clock, loop, ticks } = started((time) => time.trueTime.block(1000));
    clock.trueTime.runTo(60_000);
    // All ticks are at times of the rate, counted from the start.
    const remainders = ticks.map(({ trueMs }) => Math.abs(trueMs / INTERVAL_MS - Math.round(trueMs / INTERVAL_MS)));
    expect(Math.max(...remainders)).toBeLessThan(1e-6);
    expect(loop.statistics.snapshot().overruns).toBe(ticks.length);
  });
});
