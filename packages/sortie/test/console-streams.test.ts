import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, openSync, readSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "tsup";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

/** Of a process that came to its end. */
const DONE = 7;
/** ms. Far more than a process takes to start on a machine that is busy. */
const PATIENCE = { timeout: 30_000, interval: 10 };

/** Characters. */
const MAX_WAITING = 8 * 1024 * 1024;

/** The line of JSON that tells of lost ones. */
function noticeOf(code: string): RegExp {
  const message = "log lines could not be written and are lost, at most so many";
  return new RegExp(`^\\{"level":40,"time":\\d+,"lost":(\\d+),"code":"${code}","msg":"${message}"\\}$`, "m");
}

let folder = "";
let program = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sortie-console-"));
  await build({
    config: false,
    entry: [fileURLToPath(new URL("processes/logging.ts", import.meta.url))],
    outDir: folder,
    format: "cjs",
    target: "node20",
    platform: "node",
    noExternal: [/./],
    splitting: false,
    esbuildOptions: (options) => {
      options.conditions = ["@sortie/source"];
      options.logOverride = { "empty-import-meta": "silent" };
    },
    outExtension: () => ({ js: ".cjs" }),
    silent: true,
  });
  program = join(folder, "logging.cjs");
}, 60_000);

afterAll(() => rm(folder, { recursive: true }));

interface Running {
  readonly child: ChildProcess;
  /** Resolves with the exit status, or the signal's name. */
  readonly end: Promise<number | string | null>;
  /** The number of the last line that was logged, whether or not it was written. */
  readonly logged: () => number;
  /** What waited in the stream then. */
  readonly waiting: () => number;
  /** It says nothing more. */
  readonly isSilent: () => boolean;
}

/** The program with its log on a file of this descriptor, which is closed here. */
function start(args: readonly string[], fd: number | "pipe"): Running {
  const isStderr = args[0] === "stderr";
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ["pipe", isStderr ? "pipe" : fd, isStderr ? fd : "pipe"],
    timeout: 60_000,
  });
  if (fd !== "pipe") closeSync(fd);
  let progress = "";
  (isStderr ? child.stdout : child.stderr)?.on("data", (chunk: Buffer) => (progress += String(chunk)));
  const end = once(child, "exit").then(([code, signal]) => (code ?? signal) as number | string | null);
  // A line may come in two parts: the last one that is whole.
  const last = (): string[] => (progress.split("\n").at(-2) ?? "").split(" ");
  return {
    child,
    end,
    logged: () => Number(last()[0]),
    waiting: () => Number(last()[1] ?? 0),
    isSilent: () => last()[2] === "silent",
  };
}

async function reaches({ logged }: Running, number: number): Promise<void> {
  await vi.waitFor(() => expect(logged()).toBeGreaterThanOrEqual(number), PATIENCE);
}

describe.skipIf(process.platform !== "linux")("a log that cannot be written", () => {
  it.each([
    ["full", "stdout"],
    ["full", "stderr"],
  ])("as the disk is %s under %s does not end the process", async (_, name) => {
    const running = start([name], openSync("/dev/full", "w"));
    await reaches(running, 5);
    running.child.stdin?.end();
    expect(await running.end).toBe(DONE);
  });

  it.each(["stdout", "stderr"] as const)("as the reader of %s has ended does not end the process", async (name) => {
    const running = start([name], "pipe");
    await once(running.child[name] as NodeJS.ReadableStream, "data");
    running.child[name]?.destroy();
    await reaches(running, running.logged() + 5);
    running.child.stdin?.end();
    expect(await running.end).toBe(DONE);
  });

  it.each([
    ["text", /^\S+ WARN {2}log lines could not be written and are lost, at most so many lost=(\d+) code="EPIPE"$/m],
    ["json", noticeOf("EPIPE")],
  ])("is told in one line of %s, with their number, once there is a reader again", async (format, pattern) => {
    const fifo = join(folder, `${format}.fifo`);
    await promisify(execFile)("mkfifo", [fifo]);
    const openReader = (): number => openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    const first = openReader();
    const running = start(["stdout", format], openSync(fifo, "w"));
    await reaches(running, 2);
    closeSync(first);
    await reaches(running, running.logged() + 5);
    const second = openReader();
    let text = "";
    await vi.waitFor(() => {
      text += readNow(second);
      expect(text).toMatch(pattern);
    }, PATIENCE);
    running.child.stdin?.end();
    expect(await running.end).toBe(DONE);
    text += readNow(second);
    closeSync(second);
    const lines = text.trimEnd().split("\n");
    const at = lines.findIndex((line) => pattern.test(line));
    expect(lines.filter((line) => pattern.test(line))).toHaveLength(1);
    // Two of each number: what was written before waits in the pipe for a reader, and each other line is counted.
    const lost = Number(pattern.exec(text)?.[1]);
    const next = Number(/number"?[=:](\d+)/.exec(lines[at + 1] as string)?.[1]);
    expect(lost).toBeGreaterThanOrEqual(8);
    expect(at + lost).toBe(2 * (next - 1));
  });
});

describe.skipIf(process.platform !== "linux")("a log whose reader does not keep up", () => {
  it("and ends is told in a line of its own, behind one that is cut, with the number at most", async () => {
    const fifo = join(folder, "slow.fifo");
    await promisify(execFile)("mkfifo", [fifo]);
    const openReader = (): number => openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    const first = openReader();
    const running = start(["stdout", "json", "5000"], openSync(fifo, "w"));
    await vi.waitFor(() => expect(running.waiting()).toBeGreaterThan(20_000), PATIENCE);
    closeSync(first);
    await vi.waitFor(() => expect(running.waiting()).toBe(0), PATIENCE);
    const second = openReader();
    let text = "";
    await vi.waitFor(() => {
      text += readNow(second);
      expect(text).toMatch(/"msg":"log lines[^]*\n.*\n/);
    }, PATIENCE);
    running.child.stdin?.end();
    await vi.waitFor(() => {
      text += readNow(second);
      expect(running.child.exitCode).toBe(DONE);
    }, PATIENCE);
    closeSync(second);
    const lines = text.trimEnd().split("\n");
    const at = lines.findIndex((line) => noticeOf("EPIPE").test(line));
    const lost = Number(noticeOf("EPIPE").exec(lines[at] as string)?.[1]);
    // The last one before it is cut.
    expect(() => JSON.parse(lines[at - 1] as string) as unknown).toThrow();
    const whole = at - 1;
    const next = (JSON.parse(lines[at + 1] as string) as { number: number }).number;
    expect(whole + lost).toBeGreaterThanOrEqual(2 * (next - 1));
    // What was being written, and what is counted at most: the lines that one system call was given.
    expect(whole + lost).toBeLessThanOrEqual(2 * (next - 1) + 70_000 / 5000);
  });

  it("costs no more memory than a bound: further lines are lost, which is told once it has caught up", async () => {
    const running = start(["stdout", "json", "100000"], "pipe");
    await vi.waitFor(() => expect(running.waiting()).toBeGreaterThan(MAX_WAITING), PATIENCE);
    await reaches(running, running.logged() + 20);
    expect(running.waiting()).toBeLessThan(MAX_WAITING + 101_000);
    running.child.stdin?.write("no more\n");
    await vi.waitFor(() => expect(running.isSilent()).toBe(true), PATIENCE);
    const total = running.logged();
    let text = "";
    running.child.stdout?.on("data", (chunk: Buffer) => (text += String(chunk)));
    // Nothing else is logged that could bring it.
    await vi.waitFor(() => expect(text).toMatch(noticeOf("EAGAIN")), PATIENCE);
    running.child.stdin?.end();
    expect(await running.end).toBe(DONE);
    const lines = text.trimEnd().split("\n");
    expect(noticeOf("EAGAIN").exec(lines.at(-1) as string)?.[1]).toBe(String(2 * total - (lines.length - 1)));
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg).slice(0, -1)).toEqual(
      new Array(lines.length - 1).fill("line"),
    );
  });
});

describe.skipIf(process.platform === "win32")("a stream that no logger has written to", () => {
  it("ends a program as before when its reader has ended", async () => {
    const running = start(["stdout", "quiet"], "pipe");
    await once(running.child.stdout as NodeJS.ReadableStream, "data");
    running.child.stdout?.destroy();
    expect(await running.end).toBe(1);
  });
});

/** What is there to be read. */
function readNow(fd: number): string {
  const buffer = Buffer.alloc(65_536);
  try {
    return buffer.toString("utf8", 0, readSync(fd, buffer));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return "";
    throw error;
  }
}
