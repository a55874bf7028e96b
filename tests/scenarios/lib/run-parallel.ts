import { Worker } from "node:worker_threads";
import type { Job, Run } from "./run-scenarios.js";

/**
 * Runs jobs on `threads` threads, each job in a fresh one: the script at `url` is started with the job as its
 * workerData and posts the run. Resolves with the runs in the order of the jobs; `onRun` hears of each as it ends.
 */
export async function runParallel(
  jobs: readonly Job[],
  threads: number,
  url: URL,
  onRun: (run: Run) => void,
): Promise<Run[]> {
  const runs = new Array<Run>(jobs.length);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < jobs.length; index = next++) {
      const run = await runInThread(jobs[index] as Job, url);
      runs[index] = run;
      onRun(run);
    }
  };
  await Promise.all(Array.from({ length: Math.min(threads, jobs.length) }, work));
  return runs;
}

function runInThread(job: Job, url: URL): Promise<Run> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(url, { workerData: job });
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`a thread ended with code ${code} before its run had`)));
  });
}
