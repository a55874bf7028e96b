import { constants, type Stats } from "node:fs";
import { open } from "node:fs/promises";

/** Never wait for the writer of a pipe. Windows has no such flag. */
const { O_NONBLOCK = 0 } = constants as { readonly O_NONBLOCK?: number };
const FLAGS: number = constants.O_RDONLY | O_NONBLOCK;

/**
 * The text of a regular file: of anything else, a pipe or a terminal, the end may never come. Rejects with Error for
 * that, and with the system's error.
 */
export async function readRegularFile(path: string): Promise<string> {
  const file = await open(path, FLAGS);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new Error(`expected a regular file, got ${kindOf(stats)}`);
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return "a folder";
  return stats.isFIFO() ? "a pipe" : "a device";
}
