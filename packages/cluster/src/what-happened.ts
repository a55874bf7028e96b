import type { WorkerHandle } from "./worker-handle.js";

/** How a worker ended, as a sentence's end. */
export function whatHappened({ pid, exitReason, exitCode, exitSignal, failure }: WorkerHandle): string {
  const how = exitSignal === null ? `with code ${exitCode}` : `by ${exitSignal}`;
  switch (exitReason) {
    case "start-failed":
      return pid === undefined ? `could not be started: ${failure}` : `could not open its server: ${failure}`;
    case "start-timeout":
      return "did not listen in time: does its entry call createWorkerServer() and listen()?";
    case "hung":
      return "did not answer any more and was ended";
    case "closed":
      return "closed its server and ended";
    default:
      return failure === undefined ? `ended ${how}` : `ended ${how}: ${failure}`;
  }
}
