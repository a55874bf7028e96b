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

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process as usual. */
export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
}

/** Resolves after `ms`, or as soon as one of the others does. */
export async function waitFor(ms: number, sooner: readonly Promise<unknown>[], clock: Clock = CLOCK): Promise<void> {
  let timer: TimerHandle | undefined;
  const timeIsUp = new Promise<void>((resolve) => {
    timer = clock.setTimer(clock.now() + ms, resolve);
  });
  await Promise.race([timeIsUp, ...sooner]);
  if (timer !== undefined) clock.clearTimer(timer);
}

const CLOCK = new SystemClock();
