/** Takes what a callback of the application, a look at the server, or the listener's port failed with. Never throws. */
export type FaultReport = (error: unknown) => void;

/** The application's `onError`; where that fails itself, or there is none, the fault becomes a process warning. */
export function faultReport(onError: ((error: unknown) => void | Promise<void>) | undefined): FaultReport {
  if (onError === undefined) return warn;
  return (error) =>
    void contained(
      () => warn(error),
      () => onError(error),
    );
}

/**
 * Calls a callback of the application, and gives what it gave: undefined where it throws. That, and what its promise
 * rejects with, is reported, so that no callback can end the process.
 */
export function contained<Result>(report: FaultReport, call: () => Result): Result | undefined {
  try {
    const result = call();
    if (result instanceof Promise) result.catch(report);
    return result;
  } catch (error) {
    report(error);
    return undefined;
  }
}

function warn(error: unknown): void {
  const text = error instanceof Error ? error.message : String(error);
  process.emitWarning(`metrics: ${text}`, { code: "SORTIE_METRICS" });
}
