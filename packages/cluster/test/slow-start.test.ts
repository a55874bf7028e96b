import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateIdentity, saveIdentity } from "sortie";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { canSharePort, isRunning, PATIENCE_MS, until } from "./support/game.js";
import { bundle, type Entry } from "./support/workers.js";

let worker: Entry;
let main: Entry;
let folder: string;
let child: ChildProcess | undefined;

beforeAll(async () => {
  const make = (name: string): Promise<Entry> => bundle(new URL(`processes/${name}.ts`, import.meta.url));
  [worker, main] = await Promise.all([make("slow-start"), make("main")]);
}, PATIENCE_MS);

afterEach(async () => {
  if (child?.pid !== undefined && isRunning(child.pid)) child.kill("SIGKILL");
  await rm(folder, { recursive: true });
});

afterAll(() => Promise.all([worker.remove(), main.remove()]));

describe.runIf(canSharePort)("a worker that is on its way when its cluster is closed", () => {
  it.each([
    ["makes its server", "world"],
    ["listens", "rooms"],
  ])(
    "before it %s: ends without a word about an error",
    async (_step, what) => {
      folder = await mkdtemp(join(tmpdir(), "sortie-cluster-"));
      const keyPath = join(folder, "root.key");
      await saveIdentity(generateIdentity(), keyPath);
      child = fork(main.path, [worker.path, keyPath], { execArgv: [], silent: true });
      let output = "";
      for (const stream of [child.stdout, child.stderr]) stream?.on("data", (part: Buffer) => (output += String(part)));
      const [{ pids }] = (await once(child, "message")) as [{ readonly pids: readonly number[] }];

      const times = (word: string): number => output.split(word).length - 1;
      // The cluster listens a moment before its last worker has said so.
      await until(() => times("listens") === 2, "both workers say that they listen");

      await writeFile(`${keyPath}.${what}`, "");
      process.kill(pids[1] as number, "SIGKILL");
      await until(() => times(`loads ${what}`) === 3, "its replacement is on its way");
      const closedAtMs = performance.now();
      child.send(0);
      // It is told at once, and loads what it loads to the end.
      setTimeout(() => void rm(`${keyPath}.${what}`), 300);
      await until(() => times("exits with") === 2, "both workers end");
      expect([times("exits with 0"), times("listens")], output).toEqual([2, 2]);
      expect(output).not.toMatch(/Error|Warning|    at /);
      // Nothing keeps it busy then: it is not waited for, and not killed.
      expect(performance.now() - closedAtMs).toBeLessThan(4500);
      child.disconnect();
      expect(await once(child, "exit")).toEqual([0, null]);
    },
    PATIENCE_MS,
  );
});
