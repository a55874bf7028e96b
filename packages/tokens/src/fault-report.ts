import { callContained } from "@sortie/connection";

/** Takes what failed. Never throws. */
export type FaultReport = (error: unknown) => void;

/**
 * The application's `onError`; where that throws or rejects itself, or there is none, the fault becomes a process
 * warning that begins with `what`.
 */
export function faultReport(
  onError: ((error: unknown) => unknown) | undefined,
  what: string,
  code: string,
): FaultReport {
  const warn = (error: unknown): void => {
    const text = error instanceof Error ? error.message : String(error);
    process.emitWarning(`${what}: ${text}`, { code });
  };
  if (onError === undefined) return warn;
  return (error) =>
    void callContained(
      () => onError(error),
      () => warn(error),
    );
}
