import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateIdentity, saveIdentity } from "sortie";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PATIENCE_MS } from "./support/game.js";
import { bundle, type Entry } from "./support/workers.js";

let entry: Entry;
let unguarded: Entry;
let api: Entry;
let folder = "";
let keyPath = "";

beforeAll(async () => {
  [entry, unguarded, api] = await Promise.all([
    bundle(new URL("processes/echo.ts", import.meta.url)),
    bundle(new URL("processes/unguarded.ts", import.meta.url)),
    bundle(new URL("../src/index.ts", import.meta.url)),
  ]);
  folder = await mkdtemp(join(tmpdir(), "sortie-recursion-"));
  keyPath = join(folder, "root.key");
  await saveIdentity(generateIdentity(), keyPath);
}, PATIENCE_MS);

afterAll(async () => {
  await Promise.all([entry.remove(), unguarded.remove(), api.remove(), rm(folder, { recursive: true })]);
});

/** What Node prints, its workers included. Programs look at the depth, so that none of them starts others for ever. */
function run(...args: readonly string[]): Promise<string> {
  const env = { ...process.env, SORTIE_TEST_DEPTH: "0" };
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env, timeout: PATIENCE_MS }, (_error, output) => resolve(output));
  });
}

/** A main process as a text for `node -e`: a script, which can be a module as well. */
function program(): string {
  const options = {
    entry: entry.path,
    workers: 1,
    host: "127.0.0.1",
    port: 0,
    data: { keyPath },
    restartsPerMinute: 0,
  };
  return `
    const depth = Number(process.env.SORTIE_TEST_DEPTH);
    console.log("main at depth " + depth);
    if (!(depth < 2)) process.exit(3);
    import(${JSON.stringify(api.path)}).then(async ({ createCluster }) => {
      const env = { ...process.env, SORTIE_TEST_DEPTH: String(depth + 1) };
      const cluster = createCluster({ ...${JSON.stringify(options)}, env });
      await cluster.listen();
      console.log("listens");
      await cluster.close();
    }).catch((error) => console.log(String(error)));`;
}

describe("workers", () => {
  it.each([
    ["-e", (text: string) => ["-e", text]],
    ["--eval=", (text: string) => [`--eval=${text}`]],
    ["--input-type=module -e", (text: string) => ["--input-type=module", "-e", text]],
    ["-p", (text: string) => ["-p", text]],
  ])(
    "of a main process started by node %s run their entry, and not its program",
    async (_, argsOf) => {
      const output = await run(...argsOf(program()));
      expect(output.split("\n").filter((line) => /^main at|^listens$|Error/.test(line))).toEqual([
        "main at depth 0",
        "listens",
      ]);
    },
    PATIENCE_MS,
  );

  it(
    "whose entry is the main file, without isClusterWorker(), start no workers of their own",
    async () => {
      expect((await run(unguarded.path)).trim().split("\n")).toEqual([
        "depth 0",
        "depth 1",
        "depth 1: Error: createCluster() expected a process that is no worker, got a worker of a cluster: " +
          'ask isClusterWorker() first, or give workers a file of their own as "entry"',
        "depth 0: ClusterError: worker 0 ended with code 1",
      ]);
    },
    PATIENCE_MS,
  );
});
