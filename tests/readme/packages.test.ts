import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { runExample } from "./run-example.js";

/** Packages whose example needs other packages of the workspace, and says what it prints. */
const PACKAGES = [
  "capture",
  "certificates",
  "client",
  "connection",
  "metrics",
  "server",
  "sortie",
  "testkit",
  "tokens",
  "transport-mmsg",
];
/** Packages whose example only has to run. The others test theirs in their own folder. */
const RUN_ONLY = ["reliability", "wire"];

function readmeOf(name: string): URL {
  return new URL(`../../packages/${name}/README.md`, import.meta.url);
}

/** The code block that a README opens with: nothing but the title may stand before it. */
async function exampleOf(name: string): Promise<string> {
  const code = /^# .*\n\n```ts\n([\s\S]*?)```\n/.exec(await readFile(readmeOf(name), "utf8"))?.[1];
  if (code === undefined) throw new Error(`packages/${name}/README.md does not open with a block of TypeScript`);
  return code;
}

describe("README of a package", () => {
  it.each(PACKAGES)("%s: the example runs as it stands and prints what it says", async (name) => {
    const { printed, promised } = await runExample(await exampleOf(name));
    expect(promised.length).toBeGreaterThan(0);
    expect(printed).toEqual(promised);
  });

  it.each(RUN_ONLY)("%s: the first example runs as it stands", async (name) => {
    const code = /```ts\n([\s\S]*?)```/.exec(await readFile(readmeOf(name), "utf8"))?.[1] ?? "";
    expect((await runExample(code)).printed).toHaveLength(1);
  });

  it.each(PACKAGES)("%s: links to files that are there, the README of the repository among them", async (name) => {
    const readme = await readFile(readmeOf(name), "utf8");
    const targets = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map((match) => match[1] as string);
    expect(targets).toContain("../../README.md");
    const missing: string[] = [];
    for (const target of targets) {
      const isThere = await readFile(new URL(target, readmeOf(name))).then(
        () => true,
        (error: NodeJS.ErrnoException) => error.code === "EISDIR",
      );
      if (!isThere) missing.push(target);
    }
    expect(missing).toEqual([]);
  });
});
