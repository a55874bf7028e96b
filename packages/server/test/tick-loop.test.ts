import { describe, expect, it } from "vitest";
import { type TickEvent, TickLoop } from "../src/tick-loop.js";
import { ManualClock } from "./support/manual-clock.js";

const INTERVAL = 20;

interface Loop {
  readonly clock: ManualClock;
  readonly loop: TickLoop;
  readonly ticks: (TickEvent & { readonly atMs: number })[];
}

/**
 * @param receivesAll whether each tick receives all that has come
 * @param receiveSoon of the transport; without it nobody can tell when all is received
 */
function started(
  onTick: (clock: ManualClock, loop: TickLoop) => void = () => {},
  receivesAll = false,
  receiveSoon: (limitMs: number, done: () => void, clock: ManualClock) => boolean = () => false,
): Loop {
  const clock = new ManualClock();
  const ticks: Loop["ticks"] = [];
  const loop = new TickLoop(50, clock, {
    tick(event) {
      ticks.push({ ...event, atMs: clock.now() });
      onTick(clock, loop);
      return receivesAll;
    },
    receiveSoon: (limitMs, done) => receiveSoon(limitMs, done, clock),
  });
  loop.start();
  return { clock, loop, ticks };
}

describe("TickLoop", () => {
  it("ticks one interval after its start, and then at its rate, numbered from 0", () => {
    const { clock, ticks } = started();
    clock.runTo(105);
    expect(ticks.map((tick) => tick.atMs)).toEqual([20, 40, 60, 80, 100]);
    expect(ticks.map((tick) => tick.tick)).toEqual([0, 1, 2, 3, 4]);
    expect(ticks.every((tick) => tick.deltaMs === INTERVAL && tick.lateMs === 0)).toBe(true);
  });

  it("does not drift when ticks take time", () => {
    const { clock, ticks } = started((time) => time.block(7));
    clock.runTo(10_000);
    expect(ticks).toHaveLength(500);
    expect(ticks.at(-1)?.atMs).toBe(10_000);
  });

  it("tells each tick how long the one before took", () => {
    const { clock, ticks } = started((time) => time.block(time.now() < 25 ? 9 : 4));
    clock.runTo(85);
    expect(ticks.map((tick) => tick.previousBusyMs)).toEqual([0, 9, 4, 4]);
  });

  it("does not drift when its rate is no round number", () => {
    const clock = new ManualClock();
    let last = 0;
    const loop = new TickLoop(60, clock, { tick: () => (last = clock.now()) < 0, receiveSoon: () => false });
    loop.start();
    clock.runTo(3_600_001);
    expect(loop.statistics.snapshot().ticks).toBe(216_000);
    expect(last).toBeCloseTo(3_600_000, 3);
  });

  it("makes up for a short hold-up: late ticks come at once, none is lost", () => {
    const { clock, loop, ticks } = started();
    clock.runTo(40);
    clock.block(65);
    clock.runTo(121);
    expect(ticks.map((tick) => tick.atMs)).toEqual([20, 40, 105, 105, 105, 120]);
    expect(ticks.map((tick) => tick.lateMs)).toEqual([0, 0, 45, 25, 5, 0]);
    expect(loop.statistics.snapshot().skipped).toBe(0);
  });

  it("blocked for two seconds makes four ticks up, skips and counts the rest, and is on time after that", () => {
    const { clock, loop, ticks } = started();
    clock.runTo(40);
    clock.block(2000);
    clock.runTo(2041);
    expect(ticks.slice(2).map((tick) => tick.atMs)).toEqual([2040, 2040, 2040, 2040]);
    expect(ticks.map((tick) => tick.tick)).toEqual([0, 1, 2, 3, 4, 5]);
    const { skipped, ticks: ran } = loop.statistics.snapshot();
    expect(ran + skipped).toBe(2040 / INTERVAL);
    // The first of them tells of the whole hold-up: what was due at 60 came at 2040.
    expect(ticks.slice(2).map((tick) => tick.lateMs)).toEqual([1980, 40, 20, 0]);
    expect(loop.statistics.snapshot()).toMatchObject({ lateMaxMs: 1980, lateP50Ms: 0 });
    expect([loop.statistics.takeHoldUpMs(), loop.statistics.takeHoldUpMs()]).toEqual([1980, 0]);
    clock.runTo(2100);
    expect(ticks.slice(6).map((tick) => tick.atMs)).toEqual([2060, 2080, 2100]);
  });

  it("never spirals when every tick takes longer than its interval", () => {
    const { clock, loop, ticks } = started((time) => time.block(50));
    clock.runTo(10_000);
    const { overruns, skipped, ticks: ran } = loop.statistics.snapshot();
    // A tick, a quarter of its time for receiving, the next time on the grid: and no backlog grows.
    expect(ran).toBeGreaterThan(120);
    expect(ran).toBeLessThan(160);
    expect(overruns).toBe(ran);
    expect(ran + skipped).toBeGreaterThan(480);
    expect(Math.max(...ticks.map((tick) => tick.lateMs))).toBeLessThan(5 * 50);
  });

  it("stopped inside a tick ends there, catch-up included", () => {
    const { clock, loop, ticks } = started((_clock, self) => self.stop());
    clock.block(500);
    clock.runTo(1000);
    expect(ticks).toHaveLength(1);
    expect(loop.isRunning).toBe(false);
    expect(clock.armed).toBe(0);
  });

  it("stopped and started inside a tick goes on with one timer, at its rate from then on", () => {
    let restarts = 0;
    const { clock, ticks } = started((_clock, self) => {
      if (restarts++ > 0) return;
      self.stop();
      self.start();
    });
    clock.block(90);
    clock.runTo(200);
    expect(clock.armed).toBe(1);
    expect(ticks.map((tick) => tick.atMs)).toEqual([90, 110, 130, 150, 170, 190]);
  });

  it("stopped and started later goes on with the next number, and makes up for nothing", () => {
    const { clock, loop, ticks } = started();
    clock.runTo(40);
    loop.stop();
    loop.stop();
    clock.runTo(5000);
    loop.start();
    loop.start();
    clock.runTo(5045);
    expect(ticks.map((tick) => [tick.tick, tick.atMs])).toEqual([
      [0, 20],
      [1, 40],
      [2, 5020],
      [3, 5040],
    ]);
    expect(loop.statistics.snapshot().skipped).toBe(0);
  });

  it("goes on after a tick that throws", () => {
    let bugs = 0;
    const { clock, ticks } = started(() => {
      if (bugs++ === 0) throw new Error("bug");
    });
    expect(() => clock.runTo(100)).toThrow("bug");
    clock.runTo(100);
    expect(ticks.map((tick) => tick.atMs)).toEqual([20, 40, 60, 80, 100]);
  });

  it("leaves a quarter of its time to receiving when every tick takes longer than its interval", () => {
    const { clock, loop, ticks } = started((time) => time.block(24));
    clock.runTo(2000);
    const busyMs = ticks.length * 24;
    // The first four are late in a row; after that each leaves 6 ms at the least, up to the next of the rate's times.
    expect(busyMs / 2000).toBeLessThan(0.8);
    expect(busyMs / 2000).toBeGreaterThan(0.5);
    const gaps = ticks.slice(5).map((tick, i) => tick.atMs - (ticks[i + 4] as { atMs: number }).atMs - 24);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(6);
    const { skipped } = loop.statistics.snapshot();
    expect(ticks.length + skipped).toBeGreaterThanOrEqual(98);
  });

  it.each(["in the tick", "before it", "nobody knows when"] as const)(
    "with work for 87 %% of the time catches up after a hold-up where it receives all: %s",
    (when) => {
      let seenMs = 0;
      let pauses = 0;
      const onTick = (time: ManualClock): void => {
        // What has come since the last tick looked: a tick takes the longer, the more that is.
        const nowMs = time.now();
        time.block((nowMs - seenMs) * 0.87);
        seenMs = nowMs;
      };
      const { clock, loop, ticks } = started(onTick, when === "in the tick", (limitMs, done, time) => {
        if (when !== "before it") return false;
        pauses += 1;
        time.setTimer(time.now() + Math.min(2, limitMs), done);
        return true;
      });
      clock.runTo(100);
      clock.block(1000);
      clock.runTo(10_000);
      const lastSecond = ticks.filter(({ atMs }) => atMs > 9000);
      // Each waits for its peers as long as it must, and never gets out of it.
      if (when === "nobody knows when") expect(lastSecond.length).toBeLessThan(25);
      else expect(lastSecond.length).toBe(50);
      expect(pauses > 0).toBe(when === "before it");
      expect(loop.statistics.snapshot().skipped).toBeGreaterThan(40);
    },
  );

  it("receives for a quarter of a tick's time at most where every tick takes longer than its interval", () => {
    const limits: number[] = [];
    let waiting = 0;
    const { clock, loop, ticks } = started(
      (time) => time.block(24),
      false,
      (limitMs, done, time) => {
        limits.push(limitMs);
        waiting += 1;
        time.setTimer(time.now() + limitMs, () => {
          waiting -= 1;
          done();
        });
        return true;
      },
    );
    clock.runTo(1000);
    expect(ticks.length).toBeGreaterThan(30);
    expect(limits).toEqual(new Array(ticks.length).fill(6));
    // Late by the one tick that each leaves out: nothing of the backlog is carried on, and no timer is left behind.
    const late = ticks.slice(5).map((tick) => tick.lateMs);
    expect([Math.min(...late) > 0, Math.max(...late) < 2 * INTERVAL]).toEqual([true, true]);
    loop.stop();
    expect(clock.armed).toBe(waiting);
    const gaps = ticks.slice(4).map((tick, i) => tick.atMs - (ticks[i + 3] as { atMs: number }).atMs);
    expect(new Set(gaps)).toEqual(new Set([30]));
  });

  it("receives between ticks that it makes up for, skips none of them, and not where it is on time", () => {
    const limits: number[] = [];
    const { clock, loop, ticks } = started(
      (time) => time.block(2),
      false,
      (limitMs, done, time) => {
        limits.push(limitMs);
        time.setTimer(time.now() + 1, done);
        return true;
      },
    );
    clock.runTo(40);
    expect(limits).toEqual([]);
    clock.block(63);
    clock.runTo(121);
    // Late by 45, 28 and 11 ms; a quarter of an interval, as the ticks themselves are short.
    expect(ticks.map((tick) => tick.atMs)).toEqual([20, 40, 105, 108, 111, 120]);
    expect(limits).toEqual([5, 5]);
    expect(loop.statistics.snapshot().skipped).toBe(0);
    expect(clock.armed).toBe(1);
  });

  it.each([false, true])("stopped while it receives does not go on; started anew (%s), with one timer", (again) => {
    let done: (() => void) | undefined;
    const { clock, loop, ticks } = started(
      (time) => time.block(30),
      false,
      (_limitMs, whenDone) => {
        done = whenDone;
        return true;
      },
    );
    clock.runTo(55);
    expect(ticks).toHaveLength(1);
    expect([clock.armed, loop.isRunning]).toEqual([1, true]);
    loop.stop();
    expect(clock.armed).toBe(0);
    if (again) loop.start();
    done?.();
    expect([clock.armed, loop.isRunning]).toEqual([again ? 1 : 0, again]);
    clock.runTo(80);
    expect(ticks).toHaveLength(again ? 2 : 1);
    expect(clock.armed).toBe(again ? 1 : 0);
  });

  it("counts slow ticks anew after it was stopped", () => {
    const { clock, loop, ticks } = started((time) => time.block(30));
    clock.runTo(61);
    expect(ticks).toHaveLength(3);
    loop.stop();
    loop.start();
    clock.runTo(171);
    expect([ticks.length, loop.statistics.snapshot().skipped]).toEqual([6, 0]);
  });

  it("does not wait for ever for a transport that never tells", () => {
    const { clock, ticks } = started(
      (time) => time.block(40),
      false,
      () => true,
    );
    clock.runTo(1000);
    // 40 ms of work, a quarter of that, and an interval.
    const gaps = ticks.slice(4).map((tick, i) => tick.atMs - (ticks[i + 3] as { atMs: number }).atMs);
    expect(gaps.length).toBeGreaterThan(8);
    expect(new Set(gaps)).toEqual(new Set([70]));
  });

  it("receives, and skips what it cannot keep, where every tick takes longer than its interval", () => {
    const { clock, loop, ticks } = started((time) => time.block(50), true);
    clock.runTo(10_000);
    const { skipped, ticks: ran } = loop.statistics.snapshot();
    expect(ran).toBeGreaterThan(195);
    expect(ran).toBeLessThan(205);
    expect(ran + skipped).toBeGreaterThan(480);
    // Each is late by the ticks that it leaves out, and nothing of the backlog is carried on.
    const late = ticks.slice(5).map((tick) => tick.lateMs);
    expect([Math.min(...late) >= 50 - INTERVAL, Math.max(...late) < 50 + INTERVAL]).toEqual([true, true]);
  });

  it("tells how far behind it was where ticks that take longer than their interval make it skip", () => {
    const { clock, loop } = started((time) => time.block(50), true);
    clock.runTo(30);
    expect(loop.statistics.takeHoldUpMs()).toBe(0);
    clock.runTo(10_000);
    const holdUpMs = loop.statistics.takeHoldUpMs();
    expect(holdUpMs).toBeGreaterThanOrEqual(50 - INTERVAL);
    expect(holdUpMs).toBeLessThan(5 * 50);
  });

  it("makes up for three slow ticks in a row without skipping any", () => {
    let slow = 3;
    const { clock, loop, ticks } = started((time) => {
      if (slow-- > 0) time.block(24);
    });
    clock.runTo(401);
    expect(ticks).toHaveLength(20);
    expect(loop.statistics.snapshot().skipped).toBe(0);
  });
});
