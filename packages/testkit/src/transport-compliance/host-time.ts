/** The part of the host that gives the event loop a turn, and tells how long that took. */
interface HostTurns {
  readonly performance: { now(): number };
  readonly setTimeout: (callback: () => void, delayMs: number) => unknown;
}

/** As they are when this loads: under fake timers, put in their places later, no socket would ever get its turn. */
const { performance, setTimeout } = globalThis as unknown as HostTurns;

/** Monotonic ms of real time. */
export const realNow: () => number = performance.now.bind(performance);

/** Lets the event loop turn until `done()`, or for `patienceMs`. */
export async function turnUntil(done: () => boolean, patienceMs: number): Promise<void> {
  const endMs = realNow() + patienceMs;
  while (!done() && realNow() < endMs) await new Promise<void>((resolve) => setTimeout(resolve, 0));
}
