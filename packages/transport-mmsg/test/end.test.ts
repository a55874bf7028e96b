import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "tsup";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isAvailable } from "./support.js";

/** ms. Six processes start at once, perhaps on a machine with other work. */
const PATIENCE_MS = 60_000;

let folder: string;

// Bundled, so that a process starts at once; in here, so that it finds koffi.
beforeAll(async () => {
  folder = await mkdtemp(fileURLToPath(new URL(".tmp-", import.meta.url)));
  await build({
    config: false,
    entry: [fileURLToPath(new URL("processes/end.ts", import.meta.url))],
    outDir: folder,
    format: "esm",
    noExternal: [/^@sortie\//],
    esbuildOptions: (options) => void (options.conditions = ["@sortie/source"]),
    outExtension: () => ({ js: ".mjs" }),
    silent: true,
  });
}, PATIENCE_MS);

afterAll(() => rm(folder, { recursive: true }));

async function run(...args: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [`${folder}/end.mjs`, ...args]);
  let output = "";
  child.stdout.on("data", (text) => (output += String(text)));
  child.stderr.on("data", (text) => (output += String(text)));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output };
}

// An event that comes while Node takes a thread down would abort the whole process: koffi's poll handle calls back.
describe.runIf(isAvailable)("a process or thread that ends with an open socket", () => {
  it.concurrent.each([
    ["process", "loop-empty", 0, ""],
    ["process", "process-exit", 0, ""],
    ["process", "exception", 1, "as it was told"],
    ["thread", "loop-empty", 0, "the others go on"],
    ["thread", "process-exit", 0, "the others go on"],
    ["thread", "exception", 0, "the others go on"],
  ])(
    "%s, %s",
    async (place, how, expectedCode, expectedOutput) => {
      const { code, output } = await run(place, how);
      expect({ code, output: output.includes("FATAL") ? output : "" }).toEqual({ code: expectedCode, output: "" });
      expect(output).toContain(expectedOutput);
    },
    PATIENCE_MS,
  );
});
