// Starts the two sides of a workload as processes of their own and asks them for figures.
import { fork } from "node:child_process";
import { once } from "node:events";

/** All that were started and have not ended. Some may be stopped, and would never hear that this process has gone. */
const running = new Set();
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

/** Starts a script; resolves with the process and its first message. */
export async function start(url, args = [], execArgv = []) {
  const child = fork(url, args, { execArgv });
  running.add(child);
  child.once("exit", () => running.delete(child));
  const [first] = await Promise.race([
    once(child, "message"),
    once(child, "exit").then(([code]) => {
      throw new Error(`${url} ended with ${code} before it was ready`);
    }),
  ]);
  return { child, first };
}

/** Sends a request; resolves with the answer. */
export async function ask(child, request) {
  const answer = once(child, "message");
  child.send(request);
  return (await answer)[0];
}

export async function stop(...children) {
  await Promise.all(
    children.map((child) => {
      const gone = once(child, "exit");
      child.send("exit");
      return gone;
    }),
  );
}

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
