import { mock } from "node:test";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { VirtualClock } from "../src/virtual-clock.js";

describe("VirtualClock, moved synchronously", () => {
  it("stands still until it is moved", () => {
    const clock = new VirtualClock();
    expect(clock.now()).toBe(0);
    clock.advanceBy(12.5);
    expect(clock.now()).toBe(12.5);
    clock.advanceTo(20);
    expect(clock.now()).toBe(20);
    clock.advanceBy(0);
    expect(clock.now()).toBe(20);
  });

  it("starts where it is told", () => {
    expect(new VirtualClock({ startMs: 1e9 }).now()).toBe(1e9);
    expect(() => new VirtualClock({ startMs: -1 })).toThrow(RangeError);
    expect(() => new VirtualClock({ startMs: Number.NaN })).toThrow(RangeError);
  });

  it("runs timers at their own times, in order, and equal times in the order of arming", () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    const note = (name: string) => (): void => void log.push(`${name}@${clock.now()}`);
    clock.setTimer(30, note("c"));
    clock.setTimer(10, note("a"));
    clock.setTimer(20, note("b1"));
    clock.setTimer(20, note("b2"));
    clock.setTimer(31, note("late"));
    clock.advanceTo(30);
    expect(log).toEqual(["a@10", "b1@20", "b2@20", "c@30"]);
    expect(clock.now()).toBe(30);
    expect(clock.pendingTimers).toBe(1);
  });

  it("runs a timer in the past as soon as it moves, without stepping back", () => {
    const clock = new VirtualClock({ startMs: 100 });
    let ranAt = -1;
    clock.setTimer(50, () => {
      ranAt = clock.now();
    });
    expect(ranAt).toBe(-1);
    clock.advanceBy(0);
    expect(ranAt).toBe(100);
  });

  it("runs timers that timers arm, on the way", () => {
    const clock = new VirtualClock();
    const times: number[] = [];
    const tick = (): void => {
      times.push(clock.now());
      if (times.length < 4) clock.setTimer(clock.now() + 10, tick);
    };
    clock.setTimer(10, tick);
    clock.advanceTo(35);
    expect(times).toEqual([10, 20, 30]);
    clock.advanceTo(100);
    expect(times).toEqual([10, 20, 30, 40]);
  });

  it("does not run what was cleared, and takes a second clearing in its stride", () => {
    const clock = new VirtualClock();
    let ran = 0;
    const fired = clock.setTimer(1, () => ran++);
    const cleared = clock.setTimer(2, () => ran++);
    expect(fired.atMs).toBe(1);
    clock.clearTimer(cleared);
    clock.clearTimer(cleared);
    expect(clock.pendingTimers).toBe(1);
    clock.advanceTo(5);
    clock.clearTimer(fired);
    expect(ran).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it("leaves the timers of another clock alone", () => {
    const [one, two] = [new VirtualClock(), new VirtualClock()];
    let ran = 0;
    one.setTimer(5, () => ran++);
    const foreign = two.setTimer(5, () => ran++);
    one.clearTimer(foreign);
    one.clearTimer({ atMs: 5 });
    one.advanceTo(5);
    two.advanceTo(5);
    expect(ran).toBe(2);
  });

  it("lets a timer clear another one that is due at the same instant", () => {
    const clock = new VirtualClock();
    let ran = false;
    clock.setTimer(5, () => clock.clearTimer(second));
    const second = clock.setTimer(5, () => {
      ran = true;
    });
    clock.advanceTo(10);
    expect(ran).toBe(false);
  });

  it("keeps to the order of a sorted list under any mix of arming and clearing", () => {
    const operation = fc.record({ atMs: fc.integer({ min: 0, max: 40 }), clear: fc.option(fc.nat(30)) });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const clock = new VirtualClock();
        const armed: { id: number; atMs: number }[] = [];
        const handles: ReturnType<VirtualClock["setTimer"]>[] = [];
        const log: number[] = [];
        operations.forEach(({ atMs, clear }, id) => {
          handles.push(clock.setTimer(atMs, () => log.push(id)));
          armed.push({ id, atMs });
          const victim = clear === null ? undefined : handles[clear];
          if (victim === undefined) return;
          clock.clearTimer(victim);
          const place = armed.findIndex((timer) => timer.id === clear);
          if (place >= 0) armed.splice(place, 1);
        });
        expect(clock.pendingTimers).toBe(armed.length);
        clock.advanceTo(100);
        expect(log).toEqual(armed.sort((a, b) => a.atMs - b.atMs || a.id - b.id).map(({ id }) => id));
      }),
      { seed: 42, numRuns: 300 },
    );
  });

  it("runs deferred callbacks before the next timer, those of one timer before the other of the same instant", () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    clock.setTimer(10, () => {
      log.push("a");
      clock.defer(() => {
        log.push("a deferred");
        clock.defer(() => log.push("a deferred twice"));
      });
    });
    clock.setTimer(10, () => log.push("b"));
    clock.defer(() => log.push("first"));
    expect(log).toEqual([]);
    clock.advanceTo(10);
    expect(log).toEqual(["first", "a", "a deferred", "a deferred twice", "b"]);
  });

  it("runUntilIdle goes from timer to timer up to its limit", () => {
    const clock = new VirtualClock();
    clock.setTimer(10, () => undefined);
    clock.setTimer(500, () => undefined);
    expect(clock.runUntilIdle(100)).toBe(false);
    expect(clock.now()).toBe(10);
    expect(clock.runUntilIdle(1000)).toBe(true);
    expect(clock.now()).toBe(500);
    expect(clock.runUntilIdle(1000)).toBe(true);
    expect(clock.now()).toBe(500);
  });

  it("passes exceptions on and can go on after them", () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    clock.setTimer(10, () => {
      throw new Error("boom");
    });
    clock.setTimer(20, () => log.push("timer"));
    clock.defer(() => {
      throw new Error("bang");
    });
    clock.defer(() => log.push("deferred"));
    expect(() => clock.advanceTo(30)).toThrow("bang");
    expect(() => clock.advanceTo(30)).toThrow("boom");
    expect(clock.now()).toBe(10);
    clock.advanceTo(30);
    expect(log).toEqual(["deferred", "timer"]);
    expect(clock.now()).toBe(30);
  });

  it("refuses to be moved from inside a callback", () => {
    const clock = new VirtualClock();
    clock.setTimer(1, () => clock.advanceBy(1));
    expect(() => clock.advanceBy(5)).toThrow(/moving already/);
    clock.advanceBy(5);
  });

  it("says so when time stands still", () => {
    const clock = new VirtualClock();
    const again = (): void => void clock.setTimer(clock.now(), again);
    clock.setTimer(7, again);
    expect(() => clock.advanceTo(10)).toThrow(/time stands still at 7 ms/);
  });

  it.each([Number.NaN, Infinity])("refuses a timer at %s", (atMs) => {
    expect(() => new VirtualClock().setTimer(atMs, () => undefined)).toThrow(RangeError);
  });

  it("refuses to go back or to nowhere", () => {
    const clock = new VirtualClock({ startMs: 50 });
    expect(() => clock.advanceTo(49)).toThrow(RangeError);
    expect(() => clock.advanceBy(-1)).toThrow(RangeError);
    expect(() => clock.advanceBy(Number.NaN)).toThrow(RangeError);
    expect(() => clock.advanceBy(Infinity)).toThrow(RangeError);
    expect(() => clock.runUntilIdle(-1)).toThrow(RangeError);
  });
});

describe("VirtualClock, moved with promises", () => {
  /** Resolves after `ms` of virtual time. */
  function sleep(clock: VirtualClock, ms: number): Promise<void> {
    return new Promise((resolve) => void clock.setTimer(clock.now() + ms, resolve));
  }

  it("run lets long chains of promises go on before time moves", async () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    const work = async (): Promise<void> => {
      await sleep(clock, 10);
      for (let i = 0; i < 100; i++) await undefined;
      log.push(`chain@${clock.now()}`);
      await sleep(clock, 10);
      log.push(`end@${clock.now()}`);
    };
    const done = work();
    clock.setTimer(11, () => log.push("timer@11"));
    await clock.run(100);
    expect(log).toEqual(["chain@10", "timer@11", "end@20"]);
    expect(clock.now()).toBe(100);
    await done;
  });

  it("run serves timers that a continuation arms at the last instant", async () => {
    const clock = new VirtualClock();
    let ran = false;
    void sleep(clock, 10).then(() => clock.setTimer(10, () => (ran = true)));
    await clock.run(10);
    expect(ran).toBe(true);
  });

  it("run passes exceptions on", async () => {
    const clock = new VirtualClock();
    clock.setTimer(5, () => {
      throw new Error("boom");
    });
    await expect(clock.run(10)).rejects.toThrow("boom");
    await clock.run(10);
    expect(clock.now()).toBe(15);
  });

  it("refuses two movers at a time", async () => {
    const clock = new VirtualClock();
    const first = clock.run(10);
    await expect(clock.run(10)).rejects.toThrow(/moving already/);
    expect(() => clock.advanceBy(1)).toThrow(/moving already/);
    await first;
    expect(clock.now()).toBe(10);
  });

  it("runUntilSettled stops at the instant of the outcome", async () => {
    const clock = new VirtualClock();
    expect(await clock.runUntilSettled(sleep(clock, 25).then(() => "done"))).toBe("done");
    expect(clock.now()).toBe(25);
    const failing = sleep(clock, 5).then(() => Promise.reject(new Error("no")));
    await expect(clock.runUntilSettled(failing)).rejects.toThrow("no");
    expect(clock.now()).toBe(30);
  });

  it("runUntilSettled needs no time for what is settled", async () => {
    const clock = new VirtualClock();
    expect(await clock.runUntilSettled(Promise.resolve(1))).toBe(1);
    expect(clock.now()).toBe(0);
  });

  it("runUntilSettled gives up after its time, or when nothing is left", async () => {
    const clock = new VirtualClock();
    const never = new Promise<void>(() => undefined);
    await expect(clock.runUntilSettled(never)).rejects.toThrow(/nothing was left to run/);
    const tick = (): void => void clock.setTimer(clock.now() + 10, tick);
    tick();
    await expect(clock.runUntilSettled(never, 100)).rejects.toThrow(/100 ms of virtual time went by/);
    expect(clock.now()).toBe(100);
  });

  it.each<[unknown, string]>([
    [async () => undefined, "a function"],
    [undefined, "undefined"],
    [5, "5"],
    [[Promise.resolve()], "an array"],
  ])("runUntilSettled refuses what is no promise, case %#", async (promise, got) => {
    const clock = new VirtualClock();
    const error = new TypeError(`"promise" expected a promise, got ${got}`);
    await expect(clock.runUntilSettled(promise as never)).rejects.toThrow(error);
    await clock.runUntilSettled(Promise.resolve());
  });

  it("runUntilSettled says that it does not wait for the real world", async () => {
    const never = new Promise<void>(() => undefined);
    await expect(new VirtualClock().runUntilSettled(never)).rejects.toThrow(/what waits for the real world.* as usual/);
  });

  it.each<[string, () => void, () => void]>([
    ["vi.useFakeTimers", () => void vi.useFakeTimers(), () => void vi.useRealTimers()],
    ["mock.timers of node:test", () => mock.timers.enable(), () => mock.timers.reset()],
  ])("moves under the fake timers of %s", async (_name, enable, reset) => {
    const clock = new VirtualClock();
    enable();
    try {
      await clock.run(10);
      expect(await clock.runUntilSettled(sleep(clock, 25).then(() => clock.now()))).toBe(35);
    } finally {
      reset();
    }
  });
});
