import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { connect, generateIdentity, saveIdentity } from "sortie";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { canSharePort, isRunning, PATIENCE_MS, until } from "./support/game.js";
import { bundle, type Entry, type Replacements } from "./support/workers.js";

let echo: Entry;
let loading: Entry;
let hanging: Entry;
let main: Entry;
let folder: string;
const identity = generateIdentity();
/** The last resort, sooner. */
const SHORT_LIMITS = `
  export const ORPHAN_EXIT_MS = 200;
  export const ORPHAN_KILL_MS = 2000;
  export const WATCHDOG_INTERVAL_MS = 100;`;
/** What a test leaves behind if it fails. */
const pids: number[] = [];

beforeAll(async () => {
  const make = (name: string, replacements?: Replacements): Promise<Entry> =>
    bundle(new URL(`processes/${name}.ts`, import.meta.url), replacements);
  [echo, loading, hanging, main] = await Promise.all([
    make("echo"),
    make("loading"),
    make("hanging", { "orphan-limits.ts": SHORT_LIMITS }),
    make("main"),
  ]);
  folder = await mkdtemp(join(tmpdir(), "sortie-cluster-"));
  await saveIdentity(identity, join(folder, "root.key"));
}, PATIENCE_MS);

afterEach(() => {
  for (const pid of pids.splice(0)) if (isRunning(pid)) process.kill(pid, "SIGKILL");
});

afterAll(() =>
  Promise.all([echo.remove(), loading.remove(), hanging.remove(), main.remove(), rm(folder, { recursive: true })]),
);

function start(entry: Entry): { readonly child: ChildProcess; readonly output: () => string } {
  const child = fork(main.path, [entry.path, join(folder, "root.key")], { execArgv: [], silent: true });
  pids.push(child.pid as number);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (output += String(chunk)));
  return { child, output: () => output };
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "exit");
}

/** The workers, each of which has an end but what the main process tells it. */
async function workersOf(output: () => string): Promise<number[]> {
  const found = (): number[] => [...output().matchAll(/pid (\d+)/g)].map(([, pid]) => Number(pid));
  await until(() => found().length === 2, "both workers load their world");
  pids.push(...found());
  return found();
}

describe.runIf(canSharePort)("workers whose main process has gone", () => {
  it.each([
    ["end as well", undefined],
    ["end as well while their peers have an hour to leave, and tell those", 3_600_000],
  ])(
    "%s",
    async (_, leaveMs) => {
      const { child } = start(echo);
      const [{ pids: workers, port }] = (await once(child, "message")) as [{ pids: number[]; port: number }];
      pids.push(...workers);
      const options = { host: "127.0.0.1", port, protocol: "cluster/1", serverKey: identity.publicKey };
      const client = await connect({ ...options, idleTimeoutMs: PATIENCE_MS });
      const ends: string[] = [];
      client.on("disconnect", ({ code }) => void ends.push(code));
      if (leaveMs !== undefined) {
        child.send(leaveMs);
        // The other one has nobody to wait for.
        await until(() => workers.filter(isRunning).length === 1, "the cluster closes");
      }
      await kill(child);
      await until(() => !workers.some(isRunning), "the workers end");
      await until(() => ends.length > 0, "the client hears of it");
      expect(ends).toEqual(["shutting-down"]);
    },
    PATIENCE_MS,
  );

  it(
    "before they joined it cannot join, and end where they do not catch that",
    async () => {
      const { child, output } = start(loading);
      const workers = await workersOf(output);
      // It ends no worker, although nobody listens to it yet.
      for (const pid of workers) process.kill(pid, "SIGHUP");
      await kill(child);
      for (const pid of workers) process.kill(pid, "SIGUSR2");
      await until(() => !workers.some(isRunning), "the workers end");
      await until(() => output().split("ClusterError main-gone").length === 3, "both say why");
    },
    PATIENCE_MS,
  );

  it(
    "while they joined it, hear of it",
    async () => {
      const { child, output } = start(loading);
      const workers = await workersOf(output);
      child.kill("SIGSTOP");
      for (const pid of workers) process.kill(pid, "SIGUSR2");
      await until(() => output().split("joins").length === 3, "both ask for their configuration");
      await kill(child);
      await until(() => !workers.some(isRunning), "the workers end");
      await until(() => output().split("ClusterError main-gone").length === 3, "both say why");
    },
    PATIENCE_MS,
  );

  it(
    "end even if they would never have joined it, or hang",
    async () => {
      const { child, output } = start(hanging);
      // Its main process went while it loaded: it has another parent, which lives on.
      const gone = spawn(process.execPath, ["--version"]);
      await once(gone, "exit");
      const env = { ...process.env, SORTIE_CLUSTER_WORKER: `0:${gone.pid}` };
      const late = fork(hanging.path, { execArgv: [], silent: true, env });
      pids.push(late.pid as number);
      await once(late.stdout as Readable, "data");
      late.kill("SIGUSR2");
      const [hangs, idles] = (await workersOf(output)) as [number, number];
      process.kill(hangs, "SIGUSR2");
      await until(() => output().includes("hangs"), "one hangs");
      await kill(child);
      await until(() => !isRunning(idles), "the one that has nothing to do ends");
      expect(output()).toContain("exits");
      await until(() => !isRunning(hangs), "the one that hangs is killed");
      await until(() => late.signalCode === "SIGKILL", "the one that loaded meanwhile is killed");
      expect(output().split("exits")).toHaveLength(2);
    },
    PATIENCE_MS,
  );
});
