import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createFastTransport } from "@sortie/transport-mmsg";
import { build } from "tsup";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createServer, generateIdentity } from "../src/index.js";

const run = promisify(execFile);
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

let folder = "";

beforeEach(async () => {
  // away from this repository: nothing is installed there
  folder = await realpath(await mkdtemp(join(tmpdir(), "sortie-bundle-")));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Everything in one file, as programs are that shall run without node_modules. */
async function bundle(format: "cjs" | "esm"): Promise<string> {
  const extension = format === "cjs" ? "cjs" : "mjs";
  await build({
    config: false,
    entry: [here("processes/bundled.ts")],
    outDir: join(folder, "program"),
    format,
    target: "node20",
    platform: "node",
    noExternal: [/./],
    splitting: false,
    esbuildOptions: (options) => {
      options.conditions = ["@sortie/source"];
      options.logOverride = { "empty-import-meta": "silent" };
    },
    outExtension: () => ({ js: `.${extension}` }),
    silent: true,
  });
  return join(folder, "program", `bundled.${extension}`);
}

/** Puts the packages with native code beside the program, as `npm install` does on a server. */
async function install(...names: string[]): Promise<void> {
  await mkdir(join(folder, "node_modules"));
  for (const name of names) {
    await symlink(await realpath(here(`../node_modules/${name}`)), join(folder, "node_modules", name), "dir");
  }
}

/** Runs it from a folder that is not its own, and as a shell would that knows nothing of these tests. */
async function outputOf(program: string, env: NodeJS.ProcessEnv = {}): Promise<{ stdout: string; stderr: string }> {
  const { PATH, SYSTEMROOT } = process.env;
  return run(process.execPath, [program], { cwd: tmpdir(), env: { PATH, SYSTEMROOT, ...env } });
}

/** What encrypts in this process, where the packages are installed. */
function cryptoHere(): string {
  return createServer({ protocol: "bundle/1", identity: generateIdentity(), port: 0 }).stats.crypto;
}

it("a bundler gets no createRequire to see: webpack would replace its call by nothing", async () => {
  const code = await readFile(await bundle("esm"), "utf8");
  expect(code.match(/getBuiltinModule\?\.\("node:module"\)/g)).toHaveLength(2);
  expect(code).not.toMatch(/import\s*{[^}]*createRequire[^}]*}\s*from\s*"(node:)?module"/);
});

describe.each(["cjs", "esm"] as const)("a program bundled to one file of %s", (format) => {
  it("runs without a word where the native packages are not installed", async () => {
    const { stdout, stderr } = await outputOf(await bundle(format));
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toMatchObject({ outcome: "acked" });
    expect(stdout).not.toMatch(/koffi|sodium-native/);
  });

  it("uses the native packages that are installed beside it", async () => {
    await install("koffi", "sodium-native");
    let canBatch = true;
    createFastTransport({ onFallback: () => (canBatch = false) });
    // by name: where it cannot be had, the program fails
    const { stdout, stderr } = await outputOf(await bundle(format), canBatch ? { SORTIE_TRANSPORT: "mmsg" } : {});
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toMatchObject({ outcome: "acked" });
    for (const name of ["openssl-koffi", "sodium-native"]) {
      expect(stdout.includes(name)).toBe(cryptoHere().includes(name));
    }
  });
});
