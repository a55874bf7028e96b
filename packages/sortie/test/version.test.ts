import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { sortieProgram } from "../src/cli/program.js";

it.each(["--version", "-V"])("%s prints the package's version, and nothing else", async (option) => {
  const { version } = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  let printed = "";
  const program = sortieProgram()
    .configureOutput({ writeOut: (text) => void (printed += text) })
    .exitOverride();
  await expect(program.parseAsync(["node", "sortie", option])).rejects.toMatchObject({
    code: "commander.version",
    exitCode: 0,
  });
  expect(printed).toBe(`${version}\n`);
});
