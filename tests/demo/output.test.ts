import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";

const output = new URL("../../scripts/lib/output.mjs", import.meta.url).href;
/** Tells that the script came to its end. */
const DONE = 7;

/** Exit status of a script that prints on for a while after its reader has gone, which it did with the first line. */
async function exitCodeOf(setUp: string): Promise<number | null> {
  const code = `
    import { outliveReaders } from ${JSON.stringify(output)};
    ${setUp}
    let linesAlone = 0;
    let isAlone = false;
    process.stdin.resume().once("end", () => (isAlone = true));
    while (linesAlone < 20) {
      console.log("line");
      console.error("line");
      if (isAlone) linesAlone += 1;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    process.exitCode = ${DONE};`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", code], { stdio: "pipe" });
  const exit = once(child, "exit") as Promise<[number | null]>;
  const streams = [child.stdout, child.stderr];
  for (const stream of streams) stream.once("data", () => stream.destroy());
  // The script may have ended of it by then.
  child.stdin.on("error", () => {});
  void Promise.all(streams.map((stream) => once(stream, "close"))).then(() => child.stdin.end());
  return (await exit)[0];
}

describe("the demo's output", () => {
  it("may lose its reader: the script goes on to its end", async () => {
    expect(await exitCodeOf("outliveReaders();")).toBe(DONE);
    expect(await exitCodeOf("")).not.toBe(DONE);
  });
});
