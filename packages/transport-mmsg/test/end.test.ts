import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleProcess, isAvailable } from "./support.js";

/** ms. Six processes start at once, perhaps on a machine with other work. */
const PATIENCE_MS = 60_000;

let ending: Awaited<ReturnType<typeof bundleProcess>>;

beforeAll(async () => {
  ending = await bundleProcess("end");
}, PATIENCE_MS);

afterAll(() => ending.remove());

async function run(...args: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [ending.path, ...args]);
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
