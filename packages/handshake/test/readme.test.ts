import { readFile } from "node:fs/promises";
import * as wire from "@sortie/wire";
import { expect, it } from "vitest";
import * as handshake from "../src/index.js";
import * as handshakeNode from "../src/node/index.js";
import { loadOpensslAeads } from "../src/openssl/index.js";
import { loadSodiumAeads } from "../src/sodium/index.js";
import { loadWasmAeads } from "../src/wasm/index.js";

it("README: the first example runs and prints what it says", async () => {
  const text = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const example = /```ts\n(.*?)```/s.exec(text)?.[1] ?? "";
  // No types in it: without its imports it runs as a function body over the names it imports.
  const lines = example.split("\n");
  const imports = lines.filter((line) => line.startsWith("import "));
  const names = imports.flatMap((line) => (/\{ (.*) \}/.exec(line)?.[1] ?? "").split(", "));
  expect(names).toContain("ClientHandshake");
  const exported: Record<string, unknown> = { ...wire, ...handshake, ...handshakeNode };
  const printed: unknown[] = [];
  const console = { log: (value: unknown) => printed.push(value) };
  const body = lines.filter((line) => !imports.includes(line)).join("\n");
  new Function(...names, "console", body)(...names.map((name) => exported[name]), console);
  expect(printed).toEqual(["established"]);
});

it("README: the example of libraries that encrypt prints what it says", async () => {
  const text = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const said = /console\.log\(crypto\.name\); \/\/ prints "(.*) \.\.\."/.exec(text)?.[1] ?? "nothing";
  const sources = [handshakeNode.nodeAeads, await loadWasmAeads(), loadOpensslAeads(), loadSodiumAeads()];
  const { name } = handshake.composeProvider(handshakeNode.createNodeProvider(), sources);
  expect(name.slice(0, said.length)).toBe(said);
});
