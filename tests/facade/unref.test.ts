import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildProcess, type BuiltProcess } from "../support/built-process.js";

/** ms. A process starts, perhaps on a machine with other work. */
const PATIENCE_MS = 60_000;

describe("a process with transports and clocks that are unref'd", () => {
  let built: BuiltProcess;

  beforeAll(async () => {
    built = await buildProcess(new URL("processes/unref.ts", import.meta.url));
  }, PATIENCE_MS);
  afterAll(() => built.remove());

  it.each(["dgram", "mmsg"])(
    "ends by itself while its server and client are connected (%s)",
    async (kind) => {
      // Rejects where it is killed, or ends by an error.
      const run = promisify(execFile)(process.execPath, [built.path, kind], { timeout: PATIENCE_MS / 2 });
      expect(await run).toMatchObject({ stdout: "connected\n" });
    },
    PATIENCE_MS,
  );
});
