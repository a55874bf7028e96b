/** ms. A second signal after this ends the process at once; sooner it is taken for the first one, sent twice. */
const IMPATIENT_AFTER_MS = 1_000;

/** The part of the process that is used. */
export interface StoppableProcess {
  on(name: (typeof STOP_EVENTS)[number], listener: () => void): unknown;
  exit(code: number): unknown;
}

const STOP_EVENTS = ["SIGINT", "SIGTERM", "disconnect"] as const;

/**
 * Resolves with the first signal, after the duration in seconds (0: none), or when the parent process is gone. A second
 * signal, a second later at the earliest, ends the process at once: players may have been given minutes to leave.
 */
export function stopRequested(durationS: number, host: StoppableProcess = process): Promise<void> {
  return new Promise((resolve) => {
    let stoppedAtMs = Infinity;
    const stop = (): void => {
      if (performance.now() - stoppedAtMs > IMPATIENT_AFTER_MS) host.exit(130);
      stoppedAtMs = Math.min(stoppedAtMs, performance.now());
      resolve();
    };
    for (const name of ["SIGINT", "SIGTERM"] as const) host.on(name, stop);
    // A parent that ends after it has sent its signal is not impatient.
    host.on("disconnect", () => resolve());
    // The server keeps the process alive until then; after a signal nothing does.
    if (durationS > 0) setTimeout(resolve, durationS * 1_000).unref();
  });
}
