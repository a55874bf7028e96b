import { readFile } from "node:fs/promises";
import { expect, it, vi } from "vitest";
import * as self from "../src/index.js";

const IMPORT = /^import \{ (.*) \} from "@sortie\/transport";\n/;

it("README: the example runs and prints what it says", async () => {
  const text = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const example = /```ts\n(.*?)```/s.exec(text)?.[1] ?? "";
  const promised = [...example.matchAll(/prints "(.*)"/g)].map((match) => match[1]);
  expect(promised.length).toBeGreaterThan(0);
  // The example has no types in it: with its import as an argument it runs as a function body.
  const names = IMPORT.exec(example)?.[1];
  expect(names).toBeDefined();
  const body = `return (async () => {${example.replace(IMPORT, "")}\n})();`;
  const run = new Function(`{ ${names} }`, "console", body) as (...values: unknown[]) => Promise<void>;
  const printed: string[] = [];
  await run(self, { log: (line: string) => printed.push(line), error: (line: string) => printed.push(line) });
  await vi.waitFor(() => expect(printed).toEqual(promised), { timeout: 15_000, interval: 1 });
});
