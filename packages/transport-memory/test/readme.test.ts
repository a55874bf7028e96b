import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import * as transportMemory from "../src/index.js";

it("README: the example runs and prints what it says", async () => {
  const text = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const example = /```ts\n(.*?)```/s.exec(text)?.[1] ?? "";
  const promise = /prints "(.*)"/.exec(example)?.[1];
  // The example has no types in it: without its import it runs as a function body.
  const [importLine, ...rest] = example.split("\n");
  expect(importLine).toBe('import { createNetwork } from "@sortie/transport-memory";');
  const printed: string[] = [];
  const console = { log: (line: string) => printed.push(line) };
  const body = `return (async () => {${rest.join("\n")}})();`;
  await (new Function("createNetwork", "console", body)(transportMemory.createNetwork, console) as Promise<void>);
  expect(printed).toEqual([promise]);
});
