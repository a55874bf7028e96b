// Starts the tools of this repository as child processes: by their JavaScript entry, so that no shell and no global
// pnpm is needed, and with node_modules/.bin on PATH for those that start others (turbo starts pnpm).
import { spawn } from "node:child_process";
import { readFileSync, realpathSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const QUIET_TOOLS = {
  TURBO_TELEMETRY_DISABLED: "1",
  TURBO_NO_UPDATE_NOTIFIER: "1",
  DO_NOT_TRACK: "1",
  NO_UPDATE_NOTIFIER: "1",
};

function toolEnvironment(extra) {
  const pathKey = Object.keys(process.env).find((key) => key.toUpperCase() === "PATH") ?? "PATH";
  const path = [join(ROOT, "node_modules", ".bin"), process.env[pathKey]].filter(Boolean).join(delimiter);
  const plainLogs = process.stdout.isTTY ? {} : { NO_COLOR: "1" };
  return { ...plainLogs, ...process.env, ...QUIET_TOOLS, [pathKey]: path, ...extra };
}

export function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}

/** Path of the script behind a command of a root devDependency. */
export function toolPath(packageName, command = packageName) {
  const folder = join(ROOT, "node_modules", packageName);
  const { bin } = readJson(join(folder, "package.json"));
  return join(folder, typeof bin === "string" ? bin : bin[command]);
}

/** Runs a command with its output shown; resolves with its exit code (1 when a signal ended it). */
export function run(command, args, { env = {}, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: "inherit", ...options, env: toolEnvironment(env) });
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}

/** Runs a command and keeps its output; resolves with the exit code and both streams as one text. */
export function capture(command, args, { env = {}, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const stdio = ["ignore", "pipe", "pipe"];
    const child = spawn(command, args, { cwd: ROOT, stdio, ...options, env: toolEnvironment(env) });
    const chunks = [];
    child.stdout.on("data", (chunk) => chunks.push(chunk));
    child.stderr.on("data", (chunk) => chunks.push(chunk));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString("utf8") }));
  });
}

/** Runs a Node tool of the workspace quietly; throws with the tail of its output when it fails. */
export async function runQuietly(label, command, args, options) {
  const { code, output } = await capture(command, args, options);
  if (code !== 0) {
    throw new Error(`${label} failed with exit code ${code}\n${lastLines(output, 60)}`);
  }
  return output;
}

export function lastLines(text, count) {
  return text.trimEnd().split("\n").slice(-count).join("\n");
}

/** Body of a script: prints an error without a stack and sets the exit status. */
export async function main(action) {
  try {
    process.exitCode = (await action()) ?? 0;
  } catch (error) {
    console.error(`\n${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}

/** Whether the module of this URL is the script that Node was started with. */
export function isMain(moduleUrl) {
  return process.argv[1] !== undefined && fileURLToPath(moduleUrl) === realpathSync(process.argv[1]);
}
