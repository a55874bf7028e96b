import { spawn } from "node:child_process";
import { describe, expect, it } from "vitest";

const output = new URL("../../scripts/lib/output.mjs", import.meta.url).href;
/** Tells that the script came to its end. */
const DONE = 7;

/** Exit status of a script that prints line after line while its reader goes away with the first. */
async function exitCodeOf(setUp: string): Promise<number | null> {
  const code = `
    import { outliveReaders } from ${JSON.stringify(output)};
    ${setUp}
    for (let i = 0; i < 20; i++) {
      console.log("line", i);
      console.error("line", i);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    process.exitCode = ${DONE};`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", code], { stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr]) stream.once("data", () => stream.destroy());
  return new Promise((resolve) => child.on("exit", resolve));
}

describe("the demo's output", () => {
  it("may lose its reader: the script goes on to its end", async () => {
    expect(await exitCodeOf("outliveReaders();")).toBe(DONE);
    expect(await exitCodeOf("")).not.toBe(DONE);
  });
});
