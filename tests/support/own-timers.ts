import { vi } from "vitest";

type FakeTimerOptions = NonNullable<Parameters<typeof vi.useFakeTimers>[0]>;
type Callback = (...values: unknown[]) => void;

/**
 * Faked timers of which those of one folder are counted. `vi.getTimerCount` counts all of the thread, which it shares
 * with other test files: what one of them left behind, such as the pool of connections of `fetch`, may begin some too.
 */
export class OwnTimers {
  readonly #folder: string;
  readonly #running = new Set<unknown>();
  readonly #faked: Pick<
    typeof globalThis,
    "setTimeout" | "setInterval" | "setImmediate" | "clearTimeout" | "clearInterval" | "clearImmediate"
  >;

  /** Fakes timers. `folder` is part of the path of the sources whose timers are counted. */
  constructor(folder: string, options: FakeTimerOptions = {}) {
    this.#folder = folder;
    vi.useFakeTimers(options);
    const { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate } = globalThis;
    this.#faked = { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate };
    Object.assign(globalThis, {
      setTimeout: this.#setter(setTimeout as never, true),
      setInterval: this.#setter(setInterval as never, false),
      setImmediate: this.#setter(setImmediate as never, true),
      clearTimeout: this.#clearer(clearTimeout as never),
      clearInterval: this.#clearer(clearInterval as never),
      clearImmediate: this.#clearer(clearImmediate as never),
    });
  }

  /** How many are set that have neither fired for the last time nor been cleared. */
  get count(): number {
    return this.#running.size;
  }

  /** Real timers again. */
  restore(): void {
    Object.assign(globalThis, this.#faked);
    vi.useRealTimers();
  }

  #setter(set: (callback: Callback, ...rest: unknown[]) => unknown, isOnce: boolean): typeof set {
    const watched: typeof set = (callback, ...rest) => {
      const called: Callback = (...values) => {
        if (isOnce) this.#running.delete(timer);
        callback(...values);
      };
      const timer = set(called, ...rest);
      const caller: { stack?: string } = {};
      Error.captureStackTrace(caller, watched);
      if (caller.stack?.split("\n", 2)[1]?.includes(this.#folder) === true) this.#running.add(timer);
      return timer;
    };
    return watched;
  }

  #clearer(clear: (timer: unknown) => void): typeof clear {
    return (timer) => {
      this.#running.delete(timer);
      clear(timer);
    };
  }
}
