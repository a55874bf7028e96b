import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "tsup";
import { describe, expect, it } from "vitest";

const README = new URL("../../packages/cluster/README.md", import.meta.url);

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const canSharePort =
  process.platform === "linux" && (major > 22 || (major === 22 && minor >= 12) || (await hasKoffi()));

async function hasKoffi(): Promise<boolean> {
  const { createMmsgTransport } = await import("@sortie/transport-mmsg");
  try {
    createMmsgTransport();
    return true;
  } catch {
    return false;
  }
}

describe("README of cluster", () => {
  // The file starts itself as a process, so it has to be a file that Node can run.
  it.runIf(canSharePort)(
    "the example runs as it stands and prints what it says",
    async () => {
      const code = /^# .*\n\n```ts\n([\s\S]*?)```\n/.exec(await readFile(README, "utf8"))?.[1] as string;
      // Within the package that has koffi, so that it is found.
      const folder = await mkdtemp(fileURLToPath(new URL("../../packages/cluster/test/.tmp-", import.meta.url)));
      try {
        await writeFile(`${folder}/example.ts`, code);
        await build({
          config: false,
          entry: [`${folder}/example.ts`],
          outDir: folder,
          format: "esm",
          target: "node20",
          noExternal: [/^@sortie\//, "sortie"],
          external: ["koffi", "libsodium", "sodium-native"],
          esbuildOptions: (options) => void (options.conditions = ["@sortie/source"]),
          outExtension: () => ({ js: ".mjs" }),
          silent: true,
        });
        const { stdout, stderr } = await promisify(execFile)(process.execPath, [`${folder}/example.mjs`], {
          cwd: folder,
        });
        expect(stdout.trim()).toBe(/ \/\/ prints "(.*)"$/m.exec(code)?.[1]);
        expect(stderr).toBe("");
      } finally {
        await rm(folder, { recursive: true });
      }
    },
    60_000,
  );

  it("links to files that are there, the README of the repository among them", async () => {
    const targets = [...(await readFile(README, "utf8")).matchAll(/\]\(([^)#:]+)\)/g)].map(
      (match) => match[1] as string,
    );
    expect(targets).toContain("../../README.md");
    for (const target of targets) {
      await readFile(new URL(target, README)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "EISDIR") throw error;
      });
    }
  });
});
