import { randomUUID } from "node:crypto";
import type { Stats } from "node:fs";
import { type FileHandle, open, realpath, rename, rm, stat } from "node:fs/promises";

/** A file that is to be written. */
export interface NewFile {
  readonly path: string;
  readonly text: string;
  /** Permission bits, whatever the umask. */
  readonly mode: number;
}

/**
 * Writes two files that are not there, or none. Rejects with Error that names one that is, and with the system's error
 * for one that cannot be written.
 * @param otherwise what its caller can do but choose another name, for the message
 */
export async function createPair(first: NewFile, second: NewFile, otherwise: string): Promise<void> {
  await createFile(first, otherwise);
  try {
    await createFile(second, otherwise);
  } catch (error) {
    await rm(first.path, { force: true });
    throw error;
  }
}

/**
 * Puts two files in the place of what is there, or none: they are written beside their places first, so that a full
 * disk costs nothing. `precious` takes its place last: should the process end in between, the old one is left. Rejects
 * with Error for a path that is no file, and with the system's error.
 */
export async function replacePair(precious: NewFile, other: NewFile): Promise<void> {
  const [preciousPlace, otherPlace] = [await placeOf(precious), await placeOf(other)];
  const temporary: string[] = [];
  try {
    const newPrecious = await writeBeside(preciousPlace, precious, temporary);
    const newOther = await writeBeside(otherPlace, other, temporary);
    const oldOther = otherPlace.isThere ? nameBeside(otherPlace.path) : undefined;
    if (oldOther !== undefined) await rename(otherPlace.path, oldOther);
    try {
      await rename(newOther, otherPlace.path);
      await rename(newPrecious, preciousPlace.path);
    } catch (error) {
      if (oldOther === undefined) await rm(otherPlace.path, { force: true });
      else await rename(oldOther, otherPlace.path);
      throw error;
    }
    if (oldOther !== undefined) temporary.push(oldOther);
  } finally {
    // One that has taken its place is not there any more; one that stays is no reason to fail.
    await Promise.allSettled(temporary.map((path) => rm(path, { force: true })));
  }
}

/** Puts one file in the place of what is there, if anything is. Rejects as `replacePair` does; what was there stays. */
export async function replaceFile(file: NewFile): Promise<void> {
  const place = await placeOf(file);
  const temporary: string[] = [];
  try {
    await rename(await writeBeside(place, file, temporary), place.path);
  } finally {
    await Promise.allSettled(temporary.map((path) => rm(path, { force: true })));
  }
}

/** Where a file goes: where its link leads, if it is one. */
interface Place {
  readonly path: string;
  readonly isThere: boolean;
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
}

async function placeOf({ path }: NewFile): Promise<Place> {
  const stats = await expectFileOrNothing(path);
  if (stats === undefined) return { path, isThere: false, owner: undefined };
  return { path: await realpath(path), isThere: true, owner: stats };
}

/** Of the file there, if any. Rejects with Error for what is no file, such as a device, and with the system's error. */
export async function expectFileOrNothing(path: string): Promise<Stats | undefined> {
  const stats = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (stats === undefined || stats.isFile()) return stats;
  throw new Error(`"${path}" expected a file, or nothing, got ${stats.isDirectory() ? "a folder" : "a device"}`);
}

/** Writes a file that is not there. Rejects as `createPair` does. */
export async function createFile({ path, text, mode }: NewFile, otherwise: string): Promise<void> {
  const file = await open(path, "wx", mode).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
    throw new Error(`the file "${path}" is there already: choose another name, or ${otherwise}`);
  });
  try {
    await fill(file, { path, text, mode });
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

/** Gives the name, which is among the temporary ones before there is such a file. */
async function writeBeside(place: Place, file: NewFile, temporary: string[]): Promise<string> {
  const path = nameBeside(place.path);
  temporary.push(path);
  await fill(await open(path, "wx", file.mode), file, place.owner);
  return path;
}

/** Rejects with the system's error, which does not say of which file it is, with the name of that. */
async function fill(file: FileHandle, { path, text, mode }: NewFile, owner?: Place["owner"]): Promise<void> {
  try {
    // The mode of `open` is cut by the umask.
    await file.chmod(mode);
    await file.writeFile(text);
    // A key that root replaces is still for the user that the server runs as.
    if (owner !== undefined && owner.uid !== (await file.stat()).uid) await file.chown(owner.uid, owner.gid);
    await file.sync();
  } catch (error) {
    const fault = error as NodeJS.ErrnoException;
    // As the errors of `open` read.
    if (fault.path === undefined) Object.assign(fault, { path, message: `${fault.message} '${path}'` });
    throw fault;
  } finally {
    await file.close();
  }
}

function nameBeside(path: string): string {
  return `${path}.${randomUUID()}.tmp`;
}
