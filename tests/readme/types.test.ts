import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, it } from "vitest";

const ROOT = new URL("../../", import.meta.url);

/** The block that each package's README opens with, by the package's name. */
async function examples(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const name of await readdir(new URL("packages/", ROOT))) {
    const readme = await readFile(new URL(`packages/${name}/README.md`, ROOT), "utf8").catch(() => "");
    const code = /^# .*\n\n```ts\n([\s\S]*?)```\n/.exec(readme)?.[1];
    if (code !== undefined) found.set(name, code);
  }
  return found;
}

it("the examples of packages have the types that their calls expect", async () => {
  const folder = await mkdtemp(fileURLToPath(new URL(".tmp-", import.meta.url)));
  try {
    const files: string[] = [];
    for (const [name, code] of await examples()) {
      files.push(`${folder}/${name}.ts`);
      await writeFile(`${folder}/${name}.ts`, code);
    }
    expect(files.length).toBeGreaterThan(10);
    const path = fileURLToPath(new URL("tsconfig.test.json", ROOT));
    const { options } = ts.parseJsonConfigFileContent({ extends: path, files }, ts.sys, folder);
    // What an example names to show that it is there, it need not use.
    const program = ts.createProgram(files, { ...options, noUnusedLocals: false });
    const told = files.flatMap((file) =>
      ts.getPreEmitDiagnostics(program, program.getSourceFile(file)).map(({ messageText, start }) => {
        const line = program.getSourceFile(file)!.getLineAndCharacterOfPosition(start ?? 0).line + 1;
        return `${file.slice(folder.length + 1)}:${line}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
      }),
    );
    expect(told).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
}, 120_000);
