import { describeValue } from "./describe-value.js";
import { hostTimers as host } from "./host-timers.js";
import { checkOptionNames } from "./option-names.js";

/** An armed timer, as {@link Clock.setTimer} returned it. */
export interface TimerHandle {
  /** Monotonic milliseconds. When it is due. */
  readonly atMs: number;
}

/**
 * Time and timers as the driver sees them. Time is monotonic: it never steps back and has nothing to do with the
 * date. Callbacks never run inside the call that armed them.
 */
export interface Clock {
  /** Monotonic milliseconds since an arbitrary start, fractional. */
  now(): number;

  /**
   * Calls `callback` once, at `atMs` or later, never earlier. A time in the past means: as soon as other work had
   * its turn. Throws RangeError where `atMs` is not finite.
   */
  setTimer(atMs: number, callback: () => void): TimerHandle;

  /** Disarms a timer. A timer that fired or was cleared before is ignored. */
  clearTimer(handle: TimerHandle): void;

  /** Calls `callback` once, as soon as the current work is done: before any timer, before any other input. */
  defer(callback: () => void): void;
}

/** ms. Longest delay setTimeout takes; it treats more as 1 ms. HTML Standard, timers: a signed 32-bit integer. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

interface SystemTimer extends TimerHandle {
  readonly callback: () => void;
  hostTimer: unknown;
  /** Whether `hostTimer` is of `setImmediate`. */
  isImmediate: boolean;
}

/** Options of a {@link SystemClock}. */
export interface SystemClockOptions {
  /**
   * Lets the process end while timers are armed, but for those that are overdue: each holds it for one turn, so that an
   * owner who is late all the time, as a server whose ticks take longer than they may, keeps it. Default false. In Node
   * and Bun; without effect where a host's timers are numbers, as in browsers.
   */
  readonly unref?: boolean | undefined;
}

const OPTION_NAMES: Readonly<Record<keyof SystemClockOptions, true>> = { unref: true };

/**
 * The clock of the machine: `performance.now`, `setTimeout` and `queueMicrotask`; `setImmediate`, where there is one,
 * for what is due already. All as they were when this was loaded, before a test's fake timers. Timers keep a process of
 * Node alive, unless the option `unref` is set.
 */
export class SystemClock implements Clock {
  readonly #timers: Set<TimerHandle> = new Set();
  readonly #unref: boolean;

  /** TypeError for what is no boolean, and for an option that there is not. */
  constructor(options: SystemClockOptions = {}) {
    checkOptionNames(options, OPTION_NAMES);
    const { unref = false } = options;
    if (typeof unref !== "boolean") throw new TypeError(`"unref" expected a boolean, got ${describeValue(unref)}`);
    this.#unref = unref;
  }

  /** Timers armed and not yet fired or cleared; 0 once all users are done. For leak checks. */
  get activeTimers(): number {
    return this.#timers.size;
  }

  now(): number {
    return host.now();
  }

  setTimer(atMs: number, callback: () => void): TimerHandle {
    if (!Number.isFinite(atMs)) throw new RangeError(`"atMs" expected a finite number, got ${atMs}`);
    const timer: SystemTimer = { atMs, callback, hostTimer: undefined, isImmediate: false };
    this.#timers.add(timer);
    this.#arm(timer);
    return timer;
  }

  clearTimer(handle: TimerHandle): void {
    if (!this.#timers.delete(handle)) return;
    const { hostTimer, isImmediate } = handle as SystemTimer;
    if (isImmediate) host.clearImmediate?.(hostTimer);
    else host.clearTimeout(hostTimer);
  }

  defer(callback: () => void): void {
    host.queueMicrotask(callback);
  }

  #arm(timer: SystemTimer): void {
    const fire = (): void => this.#fire(timer);
    const restMs = timer.atMs - this.now();
    // What setTimeout takes 1 ms for at least, in Node: whoever makes up for lost time that way would lose more of it.
    // Input has its turn before each of them, also where one sets the next.
    timer.isImmediate = restMs <= 0 && host.setImmediate !== undefined && host.clearImmediate !== undefined;
    if (timer.isImmediate) timer.hostTimer = host.setImmediate?.(fire);
    // Rounded up: hosts cut the fraction off, which would fire early and arm again for the rest.
    else timer.hostTimer = host.setTimeout(fire, Math.min(Math.max(Math.ceil(restMs), 0), LONGEST_DELAY_MS));
    // An immediate holds the process for a turn, and without that hold the loop would sleep before it comes to it.
    if (this.#unref && !timer.isImmediate) (timer.hostTimer as { readonly unref?: () => void }).unref?.();
  }

  #fire(timer: SystemTimer): void {
    if (timer.atMs > this.now()) {
      this.#arm(timer);
      return;
    }
    this.#timers.delete(timer);
    timer.callback();
  }
}
