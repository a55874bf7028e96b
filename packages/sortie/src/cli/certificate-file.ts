import { mkdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { createFile, expectFileOrNothing, replaceFile } from "../file-pair.js";

/** Everybody may read a certificate. */
const CERTIFICATE_MODE = 0o644;

/**
 * Throws Error when a certificate would go to one of the files that it is made with, by whatever name, or to what is no
 * file; and the system's error.
 *
 * @param others files by the words that name them
 */
export async function expectFileOfItsOwn(out: string, others: Readonly<Record<string, string>>): Promise<void> {
  await expectFileOrNothing(out);
  const own = await fileAt(out);
  for (const [name, path] of Object.entries(others)) {
    const other = await fileAt(path);
    const isSame = own.id !== undefined && other.id !== undefined ? own.id === other.id : own.path === other.path;
    if (isSame) throw new Error(`"--out" expected a file of its own, got "${out}", which is that of ${name}`);
  }
}

/**
 * Writes a certificate, into folders that need not be there. One that is there already is replaced as a whole, or left
 * as it was. Rejects with Error when there is one, unless `force`; with force for what is no file; and with the
 * system's error.
 */
export async function writeCertificate(path: string, pem: string, force: boolean): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const before = force ? await existing(stat(path)) : undefined;
  const mode = before === undefined ? CERTIFICATE_MODE : before.mode & 0o777;
  const file = { path, text: pem, mode };
  await (before === undefined ? createFile(file, "overwrite it with --force") : replaceFile(file));
}

/** Where links lead to; `id` when there is a file. */
async function fileAt(path: string): Promise<{ readonly path: string; readonly id: string | undefined }> {
  const stats = await existing(stat(path, { bigint: true }));
  // A pipe, by which a shell may give a key, is nowhere.
  if (stats !== undefined) return { path: await realpath(path).catch(() => path), id: `${stats.dev}:${stats.ino}` };
  const folder = dirname(path);
  // Ends at "." or "/", which are there.
  const real = folder === path ? path : join((await fileAt(folder)).path, basename(path));
  return { path: real, id: undefined };
}

/** undefined for what is not there. */
async function existing<Stats>(stats: Promise<Stats>): Promise<Stats | undefined> {
  return stats.catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}
