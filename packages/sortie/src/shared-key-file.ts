import { stat } from "node:fs/promises";

/** Permission bits of others, and those of the group for more than reading. */
const WIDE_BITS = 0o037;
const GROUP_READ = 0o040;

/**
 * Warns (code "SORTIE_SHARED_KEY_FILE") where more than this server can read a private key, or change it. Rejects with
 * the system's error for a file that has gone.
 */
export async function warnIfShared(path: string): Promise<void> {
  if (process.platform === "win32" || !isShared(await stat(path), process.getuid?.())) return;
  process.emitWarning(`the key file "${path}" can be read by others than its owner: chmod 600 it`, {
    code: "SORTIE_SHARED_KEY_FILE",
  });
}

/**
 * A file of another user's is read by way of its group: so Kubernetes gives a mounted secret (`fsGroup`), which is
 * root's, to a server that is not root. There is nothing else to read it by, and only its owner could change that.
 * A server that is root reads every file, and needs no group for it.
 */
export function isShared(file: { readonly mode: number; readonly uid: number }, ownUid: number | undefined): boolean {
  if ((file.mode & WIDE_BITS) !== 0) return true;
  return (file.mode & GROUP_READ) !== 0 && (file.uid === ownUid || ownUid === 0);
}
