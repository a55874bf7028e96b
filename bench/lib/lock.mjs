// Measurements of one machine must not meet each other: SORTIE_BENCH_LOCK names a file that they hold while they
// measure, by flock(1). Without it nothing is locked.
import { spawn } from "node:child_process";
import { once } from "node:events";

/** Runs `work` while this process holds the lock. */
export async function locked(work) {
  const path = process.env.SORTIE_BENCH_LOCK;
  if (path === undefined || path === "") return work();
  const holder = spawn("flock", [path, "sh", "-c", "echo held; cat"], { stdio: ["pipe", "pipe", "inherit"] });
  await once(holder.stdout, "data");
  try {
    return await work();
  } finally {
    const gone = once(holder, "exit");
    holder.stdin.end();
    await gone;
  }
}
