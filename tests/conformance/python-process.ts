import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("interop.py", import.meta.url));
/** ms. Each of its waits ends by itself sooner. */
const LONGEST_RUN_MS = 60_000;

export const hasPython = spawnSync("python3", ["--version"]).status === 0;

/** A run of interop.py, whose lines of output are JSON. */
export class PythonProcess {
  private readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string>;
  private errors = "";

  constructor(args: readonly string[]) {
    this.child = spawn("python3", [SCRIPT, ...args], { timeout: LONGEST_RUN_MS, stdio: ["ignore", "pipe", "pipe"] });
    this.child.stderr?.on("data", (data: Buffer) => (this.errors += data.toString()));
    const output = createInterface({ input: this.child.stdout as NonNullable<ChildProcess["stdout"]> });
    this.lines = (output as Interface)[Symbol.asyncIterator]();
  }

  /** Its next line. Rejects when it ends without one. */
  async next<Line>(): Promise<Line> {
    const { value, done } = await this.lines.next();
    if (done === true) throw new Error("interop.py ended without a word");
    return JSON.parse(value) as Line;
  }

  /** What went wrong, with what Python had to say about it. */
  explain(cause: unknown): Error {
    return new Error(`${cause instanceof Error ? cause.message : "failed"}; interop.py: ${this.errors}`, { cause });
  }

  kill(): void {
    this.child.kill();
  }
}
