import {
  chown,
  lstat,
  mkdir,
  mkdtemp,
  type open as OpenFile,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createPair, type NewFile, replacePair } from "../src/file-pair.js";

let folder = "";
let precious: NewFile;
let other: NewFile;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sortie-pair-"));
  precious = { path: join(folder, "root.key"), text: "new key", mode: 0o600 };
  other = { path: join(folder, "root.pub"), text: "new pub", mode: 0o644 };
});

afterEach(async () => {
  vi.doUnmock("node:fs/promises");
  vi.resetModules();
  await rm(folder, { recursive: true, force: true });
});

/** What is in the folder: texts by name. */
async function contents(): Promise<Record<string, string>> {
  const names = await readdir(folder);
  return Object.fromEntries(
    await Promise.all(
      names.map(async (name) => [name, await readFile(join(folder, name), "utf8").catch(() => "no file")] as const),
    ),
  );
}

/** Both functions over a disk on which the call of this number, from 1, fails once. */
async function failingAt(number: number): Promise<{ create: typeof createPair; replace: typeof replacePair }> {
  let calls = 0;
  const count = (): void => {
    calls += 1;
    if (calls === number) throw Object.assign(new Error(`call ${number}: no space left`), { code: "ENOSPC" });
  };
  vi.resetModules();
  vi.doMock("node:fs/promises", async (importOriginal) => {
    const original = await importOriginal<{ open: typeof OpenFile; rename: (from: string, to: string) => unknown }>();
    const open: typeof OpenFile = async (...args) => {
      count();
      const file = await original.open(...args);
      const writeFile = file.writeFile.bind(file);
      file.writeFile = async (...rest) => {
        count();
        return writeFile(...rest);
      };
      return file;
    };
    const rename = async (from: string, to: string): Promise<unknown> => {
      count();
      return original.rename(from, to);
    };
    return { ...original, open, rename };
  });
  const module = await import("../src/file-pair.js");
  return { create: module.createPair, replace: module.replacePair };
}

describe("a pair of files", () => {
  it.each([1, 2, 3, 4])("is not made in part: call %d of the file system fails", async (number) => {
    const { create } = await failingAt(number);
    await expect(create(precious, other, "move it away")).rejects.toThrow(`call ${number}: no space left`);
    expect(await contents()).toEqual({});
  });

  it.each([
    ["root.key", 2],
    ["root.pub", 4],
  ])("of which %s cannot be written is an error that names it", async (name, number) => {
    const { create } = await failingAt(number);
    const path = join(folder, name);
    const fault = { code: "ENOSPC", path, message: `call ${number}: no space left '${path}'` };
    await expect(create(precious, other, "move it away")).rejects.toMatchObject(fault);
    await writeFile(precious.path, "old");
    // Not the name that it has for the moment.
    const { replace } = await failingAt(number);
    await expect(replace(precious, other)).rejects.toMatchObject(fault);
  });

  it.each([1, 2, 3, 4, 5, 6, 7])("is not replaced in part: call %d of the file system fails", async (number) => {
    const before = { "root.key": "old key", "root.pub": "old pub" };
    for (const [name, text] of Object.entries(before)) await writeFile(join(folder, name), text);
    const { replace } = await failingAt(number);
    await expect(replace(precious, other)).rejects.toThrow(`call ${number}: no space left`);
    expect(await contents()).toEqual(before);
    // The last call that there is has failed: then nothing does.
    await (await failingAt(8)).replace(precious, other);
    expect(await contents()).toEqual({ "root.key": "new key", "root.pub": "new pub" });
  });

  it("whose second half is not there yet leaves none of it when the first cannot be replaced", async () => {
    await writeFile(precious.path, "old key");
    // Two files are opened and written, and one is put in its place.
    const { replace } = await failingAt(6);
    await expect(replace(precious, other)).rejects.toThrow("call 6");
    expect(await contents()).toEqual({ "root.key": "old key" });
  });

  it.each(["root.key", "root.pub"])("is not replaced where %s is a folder, and says so", async (name) => {
    await mkdir(join(folder, name));
    const file = name === "root.key" ? "root.pub" : "root.key";
    await writeFile(join(folder, file), "old");
    const attempt = replacePair(precious, other);
    await expect(attempt).rejects.toThrow(`"${join(folder, name)}" expected a file, or nothing, got a folder`);
    expect(await contents()).toEqual({ [name]: "no file", [file]: "old" });
  });

  it.skipIf(process.platform === "win32")("is replaced where its links lead", async () => {
    await mkdir(join(folder, "elsewhere"));
    await writeFile(join(folder, "elsewhere", "server.key"), "old key");
    await symlink(join("elsewhere", "server.key"), precious.path);
    await replacePair(precious, other);
    expect((await lstat(precious.path)).isSymbolicLink()).toBe(true);
    expect(await readFile(join(folder, "elsewhere", "server.key"), "utf8")).toBe("new key");
    expect(await readdir(join(folder, "elsewhere"))).toEqual(["server.key"]);
    expect((await readdir(folder)).sort()).toEqual(["elsewhere", "root.key", "root.pub"]);
  });

  it.runIf(process.getuid?.() === 0)("belongs to whom it belonged, also when root replaces it", async () => {
    await createPair(precious, other, "move it away");
    await chown(precious.path, 4711, 4712);
    await replacePair(precious, other);
    expect(await stat(precious.path)).toMatchObject({ uid: 4711, gid: 4712, mode: 0o100600 });
    expect(await stat(other.path)).toMatchObject({ uid: 0, mode: 0o100644 });
  });
});
