import { constants } from "node:fs";
import { open } from "node:fs/promises";

/** Never wait for the writer of a pipe. Windows has no such flag. */
const { O_NONBLOCK = 0 } = constants as { readonly O_NONBLOCK?: number };

/**
 * The text of a regular file of at most `maxBytes`. Rejects with Error that names the file and what is wrong with it: a
 * device or a pipe, whose end may never come, is none.
 */
export async function readSmallFile(what: string, path: string, maxBytes: number): Promise<string> {
  const file = await open(path, constants.O_RDONLY | O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`cannot read ${what} "${path}" (${error.code ?? error.message})`, { cause: error });
  });
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new Error(`${what} "${path}" expected a regular file, got a folder, pipe or device`);
    if (stats.size > maxBytes) {
      throw new Error(`${what} "${path}" expected at most ${maxBytes} bytes, got ${stats.size}`);
    }
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}
