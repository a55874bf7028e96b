import { readdir, readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { runExample } from "./run-example.js";

const DOCS = new URL("../../docs/", import.meta.url);

/** Guides and decision records, by their path below docs. */
async function pages(): Promise<string[]> {
  const guides = ["ARCHITECTURE.md", "LIMITS.md", "PORTING.md", "TESTING.md"];
  const records = (await readdir(new URL("decisions/", DOCS))).map((name) => `decisions/${name}`);
  return [...guides, ...records];
}

function exists(url: URL): Promise<boolean> {
  return readFile(url).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code === "EISDIR",
  );
}

describe("docs", () => {
  it("TESTING: the game in virtual time runs as it stands", async () => {
    const code = /```ts\n([\s\S]*?)```/.exec(await readFile(new URL("TESTING.md", DOCS), "utf8"))?.[1] ?? "";
    const { printed, promised } = await runExample(code);
    expect(promised).toEqual(["goal"]);
    expect(printed).toEqual(promised);
  });

  it("link to files that are there", async () => {
    const missing: string[] = [];
    for (const page of await pages()) {
      const url = new URL(page, DOCS);
      for (const [, target] of (await readFile(url, "utf8")).matchAll(/\]\(([^)#:]+)\)/g)) {
        if (!(await exists(new URL(target as string, url)))) missing.push(`${page}: ${target}`);
      }
    }
    expect(missing).toEqual([]);
  });

  it("name sources and tests that are there", async () => {
    const missing: string[] = [];
    for (const page of await pages()) {
      // `wire/src/...` stands for `packages/wire/src/...`; names with a star or without a folder are not looked at.
      const text = await readFile(new URL(page, DOCS), "utf8");
      for (const [, path] of text.matchAll(/`([\w./-]+\/[\w./-]+\.(?:ts|mjs))`/g)) {
        const places = [new URL(`../${path}`, DOCS), new URL(`../packages/${path}`, DOCS)];
        const found = await Promise.all(places.map(exists));
        if (!found.includes(true)) missing.push(`${page}: ${path}`);
      }
    }
    expect(missing).toEqual([]);
  });

  it("the list of decisions has every record, in order", async () => {
    const list = await readFile(new URL("decisions/README.md", DOCS), "utf8");
    const linked = [...list.matchAll(/\]\((\d{4}-[\w-]+\.md)\)/g)].map((match) => match[1]);
    const records = (await readdir(new URL("decisions/", DOCS))).filter((name) => /^\d{4}-/.test(name)).sort();
    expect(linked).toEqual(records);
  });
});
