import { callContained } from "@sortie/connection";

/** Takes what a callback of the application, a look at the server, or the listener's port failed with. Never throws. */
export type FaultReport = (error: unknown) => void;

/** The application's `onError`; where that fails itself, or there is none, the fault becomes a process warning. */
export function faultReport(onError: ((error: unknown) => void | Promise<void>) | undefined): FaultReport {
  if (onError === undefined) return warn;
  return (error) =>
    void callContained(
      () => onError(error),
      () => warn(error),
    );
}

function warn(error: unknown): void {
  const text = error instanceof Error ? error.message : String(error);
  process.emitWarning(`metrics: ${text}`, { code: "SORTIE_METRICS" });
}
