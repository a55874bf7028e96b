import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { generateIdentity, saveIdentity } from "sortie";
import { afterAll, describe, expect, it, vi } from "vitest";
import { unusedUdpPort } from "../support/port-aside.js";

const ROOT = new URL("../../README.md", import.meta.url);

/** The code block that starts with a comment of this name. */
async function codeOf(name: string): Promise<string> {
  const readme = await readFile(ROOT, "utf8");
  const block = new RegExp(`\`\`\`ts\n(// ${name}\n[\\s\\S]*?)\`\`\``).exec(readme)?.[1];
  if (block === undefined) throw new Error(`README.md has no block "${name}"`);
  return block;
}

describe("README.md", () => {
  const folder = mkdtemp(fileURLToPath(new URL(".tmp-", import.meta.url)));
  afterAll(async () => rm(await folder, { recursive: true }));

  it("has a server and a client that run and talk as they stand", async () => {
    const here = await folder;
    await saveIdentity(generateIdentity(), `${here}/keys/root.key`);
    const port = await unusedUdpPort();
    for (const name of ["server.ts", "client.ts"]) {
      const code = (await codeOf(name))
        .replaceAll("./keys/", `${here}/keys/`)
        .replaceAll("port: 1474", `port: ${port}`);
      // Only the server's handle is added, so that the test can end it.
      await writeFile(`${here}/${name}`, name === "server.ts" ? `${code}\nexport { server };\n` : code);
    }
    const printed: string[] = [];
    const log = vi.spyOn(console, "log").mockImplementation((line: string) => void printed.push(line));
    try {
      const { server } = (await import(`${here}/server.ts`)) as { server: { close(): Promise<void> } };
      await import(`${here}/client.ts`);
      await server.close();
    } finally {
      log.mockRestore();
    }
    expect(printed).toContain("ann joined");
    expect(printed).toContain("a shot that counts");
    expect(printed).toContain("acked");
    expect(printed).toContain("ann left: closed");
  });

  it("names only files that are there", async () => {
    const readme = await readFile(ROOT, "utf8");
    const missing: string[] = [];
    for (const [, path] of readme.matchAll(/\]\(([^)#:]+)\)/g)) {
      const exists = await readFile(new URL(path as string, ROOT)).then(
        () => true,
        (error: NodeJS.ErrnoException) => error.code === "EISDIR",
      );
      if (!exists) missing.push(path as string);
    }
    expect(missing).toEqual([]);
  });
});
