import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fingerprint, parsePublicKey } from "@sortie/handshake";
import { createNodeProvider } from "@sortie/handshake/node";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { keygenCommand } from "../src/cli/keygen.js";
import { loadIdentity } from "../src/identity-files.js";

let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sortie-keygen-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** What the command prints to standard output. */
async function run(...args: string[]): Promise<string> {
  const lines: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
  try {
    const quiet = { writeErr: (): void => {} };
    await keygenCommand().exitOverride().configureOutput(quiet).parseAsync(args, { from: "user" });
  } finally {
    log.mockRestore();
  }
  return lines.join("\n");
}

describe("sortie keygen", () => {
  it("writes a pair that a server can load, and says where, and the fingerprint", async () => {
    const path = join(folder, "root.key");
    const output = await run(path);
    const { publicKey } = await loadIdentity(path);
    expect(parsePublicKey(await readFile(join(folder, "root.pub"), "utf8"))).toEqual(publicKey);
    expect(output).toContain(path);
    expect(output).toContain(join(folder, "root.pub"));
    expect(output).toContain(fingerprint(createNodeProvider(), publicKey));
  });

  it("prints JSON for scripts", async () => {
    const path = join(folder, "root.key");
    const result = JSON.parse(await run(path, "--json")) as Record<string, string>;
    const { publicKey } = await loadIdentity(path);
    expect(result).toEqual({
      privateKeyPath: path,
      publicKeyPath: join(folder, "root.pub"),
      fingerprint: fingerprint(createNodeProvider(), publicKey),
    });
  });

  it.each(["root.pub", "ROOT.PUB"])("writes no private key under the name of a public one: %s", async (name) => {
    const path = join(folder, name);
    await writeFile(path, "a public key");
    const instead = join(folder, `${name.slice(0, -4)}.key`);
    for (const args of [[path], [path, "--force"]]) {
      const message = `"path" expected a name for the private key, such as "${instead}" with the public key beside it`;
      await expect(run(...args)).rejects.toThrow(new RangeError(`${message}, got "${path}"`));
    }
    expect(await readFile(path, "utf8")).toBe("a public key");
    expect(await readdir(folder)).toEqual([name]);
  });

  it("never prints the private key", async () => {
    const path = join(folder, "root.key");
    const output = (await run(path)) + (await run(path, "--force", "--json"));
    const [, body] = (await readFile(path, "utf8")).split("\n") as [string, string];
    expect(output).not.toContain(body);
    expect(output).not.toContain("PRIVATE");
  });

  it("overwrites nothing without --force, and then makes another pair", async () => {
    const path = join(folder, "root.key");
    await run(path);
    const before = await readFile(path, "utf8");
    await expect(run(path)).rejects.toThrow(/is there already: choose another name, or overwrite it with --force/);
    expect(await readFile(path, "utf8")).toBe(before);
    await run(path, "-f");
    expect(await readFile(path, "utf8")).not.toBe(before);
  });

  it("refuses what it does not know", async () => {
    await expect(run("--size", "4096")).rejects.toThrow(/unknown option '--size'/);
    await expect(run("a", "b")).rejects.toThrow(/too many arguments/);
  });
});
