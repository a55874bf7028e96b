/** The timers and the clock of a host: every browser, Node, Bun and Deno have them, each with handles of its own. */
interface Host {
  readonly performance: { now(): number };
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(handle: unknown): void;
  queueMicrotask(callback: () => void): void;
  /** Node, Bun and Deno; browsers have neither of the two. */
  setImmediate?(callback: () => void): unknown;
  clearImmediate?(handle: unknown): void;
}

/** What `SystemClock` takes of its host. */
export interface HostTimers {
  /** Monotonic milliseconds, fractional. */
  readonly now: () => number;
  readonly setTimeout: (callback: () => void, delayMs: number) => unknown;
  readonly clearTimeout: (handle: unknown) => void;
  readonly queueMicrotask: (callback: () => void) => void;
  readonly setImmediate: ((callback: () => void) => unknown) | undefined;
  readonly clearImmediate: ((handle: unknown) => void) | undefined;
}

/** Those of a host as they are now, each bound to it: browsers refuse to run them as methods of another object. */
export function timersOf(host: Host): HostTimers {
  return {
    now: host.performance.now.bind(host.performance),
    setTimeout: host.setTimeout.bind(host),
    clearTimeout: host.clearTimeout.bind(host),
    queueMicrotask: host.queueMicrotask.bind(host),
    setImmediate: host.setImmediate?.bind(host),
    clearImmediate: host.clearImmediate?.bind(host),
  };
}

/**
 * As they are when this loads. A test's fake timers, put in their places later, do not hold up real sockets, and what
 * was armed meanwhile does not go with them when the test ends.
 */
export const hostTimers: HostTimers = timersOf(globalThis as unknown as Host);
