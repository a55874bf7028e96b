import { type Clock, SystemClock, type TimerHandle } from "@sortie/transport";

/** What runs a command: the process, or a test in its place. */
export interface CommandHost {
  /** Resolves when the user wants the command to end. */
  interrupted(): Promise<void>;
  /** The command goes on to its end; the process then ends with this status. */
  setExitCode(code: number): void;
}

/** The process itself. */
export const PROCESS_HOST: CommandHost = {
  interrupted: untilSignal,
  setExitCode: (code) => {
    process.exitCode = code;
  },
};

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Resolves at the first SIGINT or SIGTERM; a second one, of either, ends the process as usual. */
export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    const onSignal = (): void => {
      for (const signal of SIGNALS) process.off(signal, onSignal);
      resolve();
    };
    for (const signal of SIGNALS) process.on(signal, onSignal);
  });
}

/**
 * Resolves after `ms`, or as soon as one of the others does; rejects as the first of them. One that stays open, such as
 * an interruption that may never come, keeps nothing of the waits that are over, as it would with `Promise.race`.
 */
export async function waitFor(ms: number, sooner: readonly Promise<unknown>[], clock: Clock = CLOCK): Promise<void> {
  let timer: TimerHandle | undefined;
  const own: { readonly waiters: Set<Waiter>; readonly waiter: Waiter }[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      timer = clock.setTimer(clock.now() + ms, resolve);
      const waiter: Waiter = { resolve, reject };
      for (const promise of sooner) {
        const waiters = waitersOf(promise);
        waiters.add(waiter);
        own.push({ waiters, waiter });
      }
    });
  } finally {
    if (timer !== undefined) clock.clearTimer(timer);
    for (const { waiters, waiter } of own) waiters.delete(waiter);
  }
}

interface Waiter {
  resolve(): void;
  reject(reason: unknown): void;
}

const waitersByPromise: WeakMap<Promise<unknown>, Set<Waiter>> = new WeakMap();

/** Those who wait for a promise: it is listened to once, however often it is waited for. */
function waitersOf(promise: Promise<unknown>): Set<Waiter> {
  const known = waitersByPromise.get(promise);
  if (known !== undefined) return known;
  const waiters = new Set<Waiter>();
  waitersByPromise.set(promise, waiters);
  // Forgotten once it is settled: who waits for it later listens anew.
  const settle = (tell: (waiter: Waiter) => void): void => {
    waitersByPromise.delete(promise);
    for (const waiter of waiters) tell(waiter);
  };
  promise.then(
    () => settle((waiter) => waiter.resolve()),
    (error: unknown) => settle((waiter) => waiter.reject(error)),
  );
  return waiters;
}

const CLOCK = new SystemClock();
