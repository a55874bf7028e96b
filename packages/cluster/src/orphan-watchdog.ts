import { Worker } from "node:worker_threads";
import { ORPHAN_KILL_MS, WATCHDOG_INTERVAL_MS } from "./orphan-limits.js";

/**
 * Kills this process once its main process has gone and it has not ended by itself: by a thread of its own, as the one
 * of a worker may hang, and a timer there never fires. Nothing native is needed: the thread asks for the process by its
 * ID, and sees which parent it has. Without effect where threads are not allowed.
 * @param mainPid of the process that started this one, whether it is still there or not
 */
export function startOrphanWatchdog(mainPid: number): void {
  try {
    // Neither this process's options nor its environment, which may load code into every thread.
    const program = watchdogProgram(Number.isInteger(mainPid) ? mainPid : process.ppid, process.ppid);
    const watchdog = new Worker(program, { eval: true, execArgv: [], env: {} });
    watchdog.on("error", () => undefined);
    watchdog.unref();
  } catch {
    // Node's permission model, or a system without memory for a thread: a worker that hangs stays, all others end.
  }
}

/** As text, so that it survives bundlers, and without `require` or `import`, so that any kind of module will do. */
function watchdogProgram(mainPid: number, parentPid: number): string {
  return `
    const hasMain = () => {
      // Linux: main has gone, though nobody has collected it yet, or its ID is another process's by now. Elsewhere a
      // debugger may be what a process has for a parent, and Windows goes on to name the one that has gone.
      if (process.platform === "linux" && process.ppid !== ${parentPid}) return false;
      try { process.kill(${mainPid}, 0); } catch (error) { return error.code !== "ESRCH"; }
      return true;
    };
    const look = setInterval(() => {
      if (hasMain()) return;
      clearInterval(look);
      setTimeout(() => process.kill(process.pid, "SIGKILL"), ${ORPHAN_KILL_MS});
    }, ${WATCHDOG_INTERVAL_MS});`;
}
