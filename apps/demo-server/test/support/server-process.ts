import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "tsup";
import { vi } from "vitest";

/** ms. Far more than a server takes to start on a machine that is busy. */
const PATIENCE = { timeout: 20_000, interval: 10 };
/** ms. What a test leaves behind ends by itself. */
const LONGEST_RUN_MS = 60_000;

/** The program, bundled from its sources so that Node runs it as it is. */
export interface Program {
  readonly path: string;
  readonly folder: string;
  readonly remove: () => Promise<void>;
}

export async function bundleProgram(): Promise<Program> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "arena-program-")));
  // The dashboard's page, and what it gets from where that is installed.
  const metrics = fileURLToPath(new URL("../../../../packages/metrics/", import.meta.url));
  await symlink(join(metrics, "dashboard"), join(folder, "dashboard"), "dir");
  await mkdir(join(folder, "node_modules"));
  await symlink(join(metrics, "node_modules/uplot"), join(folder, "node_modules/uplot"), "dir");
  await build({
    config: false,
    entry: [fileURLToPath(new URL("../../src/main.ts", import.meta.url))],
    outDir: join(folder, "dist"),
    format: "esm",
    target: "node20",
    platform: "node",
    noExternal: [/./],
    // Loaded on demand, and by no test of these.
    external: ["@sortie/agones", "koffi", "sodium-native"],
    splitting: true,
    // For packages of CommonJS.
    banner: {
      js: 'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);',
    },
    esbuildOptions: (options) => void (options.conditions = ["@sortie/source"]),
    outExtension: () => ({ js: ".mjs" }),
    silent: true,
  });
  return { path: join(folder, "dist", "main.mjs"), folder, remove: () => rm(folder, { recursive: true }) };
}

/** A demo server in a process of its own, at a free port of loopback. */
export class ServerProcess {
  readonly child: ChildProcess;
  /** Resolves with the exit status, or the name of the signal. */
  readonly end: Promise<number | string | null>;
  stdout = "";
  stderr = "";

  constructor(program: Program, args: readonly string[], execArgv: readonly string[] = []) {
    const where = ["--host", "127.0.0.1", "--port", "0", "--seed", "1"];
    this.child = spawn(process.execPath, [...execArgv, program.path, ...where, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: LONGEST_RUN_MS,
      env: { ...process.env, NO_COLOR: "1" },
    });
    this.child.stdout?.on("data", (chunk: Buffer) => (this.stdout += String(chunk)));
    this.child.stderr?.on("data", (chunk: Buffer) => (this.stderr += String(chunk)));
    this.end = once(this.child, "close").then(([code, signal]) => (code ?? signal) as number | string | null);
  }

  /** Resolves with the match, once it has printed something like this. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    return vi.waitFor(() => {
      const match = pattern.exec(`${this.stdout}\n${this.stderr}`);
      if (match === null) throw new Error(`expected ${String(pattern)}, got ${this.stdout}${this.stderr}`);
      return match;
    }, PATIENCE);
  }

  /** Ends it in good order. */
  stop(): Promise<number | string | null> {
    this.child.kill("SIGTERM");
    return this.end;
  }
}
