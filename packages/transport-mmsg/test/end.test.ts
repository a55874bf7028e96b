import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleProcess, isAvailable } from "./support.js";

/** ms. Nine processes start at once, perhaps on a machine with other work. */
const PATIENCE_MS = 60_000;

type Bundle = Awaited<ReturnType<typeof bundleProcess>>;
let ending: Bundle;
let restarting: Bundle;

beforeAll(async () => {
  [ending, restarting] = await Promise.all([bundleProcess("end"), bundleProcess("restart")]);
}, PATIENCE_MS);

afterAll(() => Promise.all([ending.remove(), restarting.remove()]));

async function run({ path }: Bundle, ...args: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [path, ...args]);
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
      const { code, output } = await run(ending, place, how);
      expect({ code, output: output.includes("FATAL") ? output : "" }).toEqual({ code: expectedCode, output: "" });
      expect(output).toContain(expectedOutput);
    },
    PATIENCE_MS,
  );
});

// The system closes what a process leaves open, and not what a thread of it does.
describe.runIf(isAvailable)("a thread that is started anew on its port whenever it has ended", () => {
  it.concurrent.each(["exception", "process-exit", "close"])(
    "%s: the port is free, and no descriptor of its server and clients is left",
    async (how) => {
      const { code, output } = await run(restarting, how);
      expect({ code, output }).toEqual({ code: 0, output: expect.stringMatching(/^\{.*\}\n$/) as string });
      const { counts, ports } = JSON.parse(output) as { readonly counts: number[]; readonly ports: number[] };
      expect(ports).toEqual([ports[0], ports[0], ports[0], ports[0]]);
      expect(ports[0]).toBeGreaterThan(0);
      expect(counts).toEqual([counts[0], counts[0], counts[0], counts[0]]);
    },
    PATIENCE_MS,
  );
});
