import { checkOptionNames, type Clock, describeValue, type TimerHandle } from "@sortie/transport";
import { checkFinite, checkFunction, checkNumber, type OptionNames } from "./check.js";
import { hostTurn } from "./host-turn.js";
import { TimeHeap, type Timed } from "./time-heap.js";

class VirtualTimer implements TimerHandle, Timed {
  readonly atMs: number;
  readonly callback: () => void;
  sequence = 0;
  heapIndex = -1;

  constructor(atMs: number, callback: () => void) {
    this.atMs = atMs;
    this.callback = callback;
  }
}

/** ms. Furthest time, 139 years: a double still tells microseconds apart there. */
const MAX_TIME_MS = 2 ** 42;

/**
 * Callbacks at one instant. Two parties that answer each other without any delay would hold time still for ever; 10,000
 * peers with a hundred callbacks each are still below.
 */
const MAX_CALLBACKS_PER_INSTANT = 1_000_000;

/** ms of virtual time. An hour: no test means to wait longer for one promise. */
const DEFAULT_SETTLE_MS = 3_600_000;

const NOTHING_LEFT =
  "nothing was left to run on this clock; what waits for the real world, as for a file, has to be awaited as usual";

/** Options of a {@link VirtualClock}. */
export interface VirtualClockOptions {
  /** ms. Time to start at, 0 or more. Default 0. */
  readonly startMs?: number | undefined;
}

const OPTION_NAMES: OptionNames<VirtualClockOptions> = { startMs: true };

/**
 * A clock that stands still until it is told to move, and then jumps from timer to timer: hours pass in seconds, always
 * the same way. Timers run in order of their times, equal times in the order they were armed; deferred callbacks run
 * before the next timer. Nothing runs outside the methods that move time.
 *
 * `advanceTo`, `advanceBy` and `runUntilIdle` are synchronous, for code without promises. `run` and `runUntilSettled`
 * give promises a turn of the host's event loop before each instant and go on only when none of them added work for the
 * present one.
 *
 * An exception from a callback comes out of the method that moves time; the clock then stands at that callback's time
 * and can go on.
 */
export class VirtualClock implements Clock {
  private readonly timers: TimeHeap<VirtualTimer> = new TimeHeap();
  private deferred: (() => void)[] = [];
  private nowMs: number;
  private moving = false;
  private callbacksAtNow = 0;

  /** RangeError for a time out of range, TypeError for an option that there is not. */
  constructor(options: VirtualClockOptions = {}) {
    checkOptionNames(options, OPTION_NAMES);
    const { startMs = 0 } = options;
    checkNumber("startMs", startMs, 0, MAX_TIME_MS);
    this.nowMs = startMs;
  }

  now(): number {
    return this.nowMs;
  }

  /** Timers that are armed. For leak checks: 0 when everything is closed. */
  get pendingTimers(): number {
    return this.timers.size;
  }

  /** RangeError for a time that is not finite, TypeError for what is no function. */
  setTimer(atMs: number, callback: () => void): TimerHandle {
    checkFinite("atMs", atMs);
    checkFunction("callback", callback);
    const timer = new VirtualTimer(atMs, callback);
    this.timers.push(timer);
    return timer;
  }

  clearTimer(handle: TimerHandle): void {
    if (handle instanceof VirtualTimer) this.timers.remove(handle);
  }

  /** TypeError for what is no function. */
  defer(callback: () => void): void {
    checkFunction("callback", callback);
    this.deferred.push(callback);
  }

  /** Moves time to `targetMs` and runs all that is due on the way. RangeError for a time in the past. */
  advanceTo(targetMs: number): void {
    checkNumber("targetMs", targetMs, this.nowMs, MAX_TIME_MS);
    this.enter();
    try {
      while (this.runNextInstant(targetMs));
      this.moveTo(targetMs);
    } finally {
      this.moving = false;
    }
  }

  /** Moves time by `ms` (0 or more) and runs all that is due on the way. */
  advanceBy(ms: number): void {
    checkNumber("ms", ms, 0, MAX_TIME_MS - this.nowMs);
    this.advanceTo(this.nowMs + ms);
  }

  /**
   * Moves from timer to timer until none is left or the next is more than `maxMs` away; time stays at the last one that
   * ran. True when nothing is left.
   */
  runUntilIdle(maxMs: number): boolean {
    checkNumber("maxMs", maxMs, 0, MAX_TIME_MS - this.nowMs);
    const limitMs = this.nowMs + maxMs;
    this.enter();
    try {
      while (this.runNextInstant(limitMs));
    } finally {
      this.moving = false;
    }
    return this.timers.size === 0;
  }

  /** As `advanceBy`, with a turn for promises before each instant. */
  async run(ms: number): Promise<void> {
    checkNumber("ms", ms, 0, MAX_TIME_MS - this.nowMs);
    const targetMs = this.nowMs + ms;
    this.enter();
    try {
      for (;;) {
        await hostTurn();
        if (!this.runNextInstant(targetMs)) break;
      }
      this.moveTo(targetMs);
    } finally {
      this.moving = false;
    }
  }

  /**
   * Moves time until `promise` settles, and gives its outcome. Rejects with an Error when that takes more than `maxMs`
   * of virtual time, or when nothing is left to run that could settle it. Virtual time does not wait for the real
   * world: a promise that hangs on a file, a thread or a real timer has to be awaited as usual. Rejects with TypeError
   * for what is no promise, such as the function that makes it.
   */
  async runUntilSettled<T>(promise: Promise<T>, maxMs: number = DEFAULT_SETTLE_MS): Promise<T> {
    if (typeof (promise as { readonly then?: unknown } | null | undefined)?.then !== "function") {
      throw new TypeError(`"promise" expected a promise, got ${describeValue(promise)}`);
    }
    checkNumber("maxMs", maxMs, 0, MAX_TIME_MS - this.nowMs);
    const limitMs = this.nowMs + maxMs;
    let settled = false;
    const settle = (): void => {
      settled = true;
    };
    promise.then(settle, settle);
    this.enter();
    try {
      for (;;) {
        await hostTurn();
        if (settled) return await promise;
        if (!this.runNextInstant(limitMs)) break;
      }
    } finally {
      this.moving = false;
    }
    const why = this.timers.size === 0 ? NOTHING_LEFT : `${maxMs} ms of virtual time went by`;
    throw new Error(`the promise did not settle: ${why} (now ${this.nowMs} ms)`);
  }

  private enter(): void {
    if (this.moving) throw new Error("the clock is moving already: a callback or a second caller tried to move it");
    this.moving = true;
  }

  private moveTo(timeMs: number): void {
    if (timeMs <= this.nowMs) return;
    this.nowMs = timeMs;
    this.callbacksAtNow = 0;
  }

  /** Moves to the next due instant, at most to `limitMs`, and runs all of it. False when nothing was due. */
  private runNextInstant(limitMs: number): boolean {
    let ran = this.runDeferred();
    const first = this.timers.first;
    if (first === undefined || first.atMs > limitMs) return ran;
    if (ran && first.atMs > this.nowMs) return true;
    this.moveTo(first.atMs);
    for (let next = this.timers.first; next !== undefined && next.atMs <= this.nowMs; next = this.timers.first) {
      this.timers.remove(next);
      this.countCallback();
      next.callback();
      this.runDeferred();
      ran = true;
    }
    return ran;
  }

  private runDeferred(): boolean {
    const { deferred } = this;
    if (deferred.length === 0) return false;
    let done = 0;
    try {
      // Callbacks that defer more lengthen the array while it is walked.
      while (done < deferred.length) {
        this.countCallback();
        (deferred[done++] as () => void)();
      }
    } finally {
      if (done === deferred.length) deferred.length = 0;
      else this.deferred = deferred.slice(done);
    }
    return true;
  }

  private countCallback(): void {
    if (++this.callbacksAtNow <= MAX_CALLBACKS_PER_INSTANT) return;
    this.callbacksAtNow = 0;
    throw new Error(`time stands still at ${this.nowMs} ms: ${MAX_CALLBACKS_PER_INSTANT} callbacks at one instant`);
  }
}
