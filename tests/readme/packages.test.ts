import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it, vi } from "vitest";

/** Packages whose example needs other packages of the workspace; the others test theirs in their own folder. */
const PACKAGES = ["client", "connection", "server", "sortie", "testkit"];

/** The code block that a README opens with: nothing but the title may stand before it. */
async function exampleOf(name: string): Promise<string> {
  const readme = await readFile(new URL(`../../packages/${name}/README.md`, import.meta.url), "utf8");
  const code = /^# .*\n\n```ts\n([\s\S]*?)```\n/.exec(readme)?.[1];
  if (code === undefined) throw new Error(`packages/${name}/README.md does not open with a block of TypeScript`);
  return code;
}

describe("README of a package", () => {
  const folder = mkdtemp(fileURLToPath(new URL(".tmp-", import.meta.url)));
  afterAll(async () => rm(await folder, { recursive: true }));

  it.each(PACKAGES)("%s: the example runs as it stands and prints what it says", async (name) => {
    const code = await exampleOf(name);
    const promised = [...code.matchAll(/\/\/ prints "(.*)"$/gm)].map((match) => match[1]);
    expect(promised.length).toBeGreaterThan(0);
    const file = `${await folder}/${name}.ts`;
    await writeFile(file, code);
    const printed: unknown[] = [];
    const log = vi.spyOn(console, "log").mockImplementation((line: unknown) => void printed.push(line));
    try {
      await import(file);
    } finally {
      log.mockRestore();
    }
    expect(printed).toEqual(promised);
  });

  it.each(PACKAGES)("%s: links to files that are there, the README of the repository among them", async (name) => {
    const url = new URL(`../../packages/${name}/README.md`, import.meta.url);
    const readme = await readFile(url, "utf8");
    const targets = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map((match) => match[1] as string);
    expect(targets).toContain("../../README.md");
    const missing: string[] = [];
    for (const target of targets) {
      const isThere = await readFile(new URL(target, url)).then(
        () => true,
        (error: NodeJS.ErrnoException) => error.code === "EISDIR",
      );
      if (!isThere) missing.push(target);
    }
    expect(missing).toEqual([]);
  });
});
