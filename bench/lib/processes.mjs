// Starts the two sides of a workload as processes of their own and asks them for figures.
import { fork } from "node:child_process";
import { once } from "node:events";

/** All that were started and have not ended. Some may be stopped, and would never hear that this process has gone. */
const running = new Set();
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1));

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

/** Sends a request; resolves with the answer. Rejects where the process ends instead. */
export async function ask(child, request) {
  const ended = () =>
    new Error(`a process of the benchmark ended (${child.exitCode ?? child.signalCode}) before "${request}"`);
  if (child.exitCode !== null || child.signalCode !== null) throw ended();
  const given = new AbortController();
  const answer = once(child, "message", { signal: given.signal });
  const end = once(child, "exit", { signal: given.signal }).then(() => {
    throw ended();
  });
  try {
    child.send(request);
    return (await Promise.race([answer, end]))[0];
  } finally {
    given.abort();
    answer.catch(() => undefined);
    end.catch(() => undefined);
  }
}

export async function stop(...children) {
  await Promise.all(
    children
      .filter((child) => running.has(child))
      .map((child) => {
        const gone = once(child, "exit");
        child.send("exit");
        return gone;
      }),
  );
}

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
