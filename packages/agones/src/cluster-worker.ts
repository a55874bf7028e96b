import { readFileSync } from "node:fs";

/** What `@sortie/cluster` sets in the environment of workers, and deletes when it is loaded there. */
const WORKER_VARIABLE = "SORTIE_CLUSTER_WORKER";

/**
 * Whether this process is a worker that `createCluster` started. Known without that package, which a server need not
 * have: the variable is still in the environment, or was when the process began, which Linux remembers. Agones runs
 * nothing else.
 */
export function isClusterWorker(): boolean {
  // As there: with the variable alone, a process is none.
  if (process.send === undefined) return false;
  return process.env[WORKER_VARIABLE] !== undefined || firstEnvironment().includes(`\0${WORKER_VARIABLE}=`);
}

/** "" on other systems. */
function firstEnvironment(): string {
  try {
    return `\0${readFileSync("/proc/self/environ", "latin1")}`;
  } catch {
    return "";
  }
}
