import { performance } from "node:perf_hooks";
import { clearImmediate, clearTimeout, setImmediate, setTimeout } from "node:timers";

/** @internal What setTimeout and setImmediate of Node give; without its types, which users need not have. */
export interface HostTimer {
  unref(): unknown;
}

/** @internal The timers of Node and its clock, for transports over sockets. */
export interface HostTimers {
  /** Monotonic milliseconds, fractional. */
  readonly now: () => number;
  readonly setTimeout: (callback: () => void, delayMs: number) => HostTimer;
  readonly clearTimeout: (handle: HostTimer | undefined) => void;
  readonly setImmediate: (callback: () => void) => HostTimer;
  readonly clearImmediate: (handle: HostTimer | undefined) => void;
}

/**
 * @internal As they are when this loads. A test's fake timers, put in their places later, do not hold up real sockets,
 * and what was set meanwhile does not go with them when the test ends. Of Node's modules: a test runner that plays a
 * browser leaves some of them out of its globals.
 */
export const hostTimers: HostTimers = {
  now: performance.now.bind(performance),
  setTimeout,
  clearTimeout: clearTimeout as HostTimers["clearTimeout"],
  setImmediate,
  clearImmediate: clearImmediate as HostTimers["clearImmediate"],
};
