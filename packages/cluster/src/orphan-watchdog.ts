import { Worker } from "node:worker_threads";
import { ORPHAN_KILL_MS, WATCHDOG_INTERVAL_MS } from "./orphan-limits.js";

/**
 * Kills this process once its parent has gone and it has not ended by itself: by a thread of its own, as the one of a
 * worker may hang, and a timer there never fires. Nothing native is needed: a process whose parent ends gets another
 * one, and the thread sees that by itself. Without effect where threads are not allowed.
 */
export function startOrphanWatchdog(parentPid: number): void {
  try {
    // Neither this process's options nor its environment, which may load code into every thread.
    const watchdog = new Worker(watchdogProgram(parentPid), { eval: true, execArgv: [], env: {} });
    watchdog.on("error", () => undefined);
    watchdog.unref();
  } catch {
    // Node's permission model, or a system without memory for a thread: a worker that hangs stays, all others end.
  }
}

/** As text, so that it survives bundlers, and without `require` or `import`, so that any kind of module will do. */
function watchdogProgram(parentPid: number): string {
  return `
    const hasParent = () => {
      if (process.ppid !== ${parentPid}) return false;
      // Windows goes on to name the one that has gone.
      try { process.kill(${parentPid}, 0); } catch (error) { return error.code !== "ESRCH"; }
      return true;
    };
    const look = setInterval(() => {
      if (hasParent()) return;
      clearInterval(look);
      setTimeout(() => process.kill(process.pid, "SIGKILL"), ${ORPHAN_KILL_MS});
    }, ${WATCHDOG_INTERVAL_MS});`;
}
