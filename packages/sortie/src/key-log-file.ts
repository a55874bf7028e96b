import { closeSync, constants, fchmodSync, fstatSync, openSync, writeSync } from "node:fs";
import { describeValue, type OptionNames } from "@sortie/connection";
import type { KeyLog } from "@sortie/handshake";

/** Read and write for the owner alone. */
const PRIVATE_MODE = 0o600;
/** Never follow a link that somebody laid there, never wait for the reader of a pipe. Windows has no such flags. */
const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants as { readonly O_NOFOLLOW?: number; readonly O_NONBLOCK?: number };
const FLAGS: number = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | O_NOFOLLOW | O_NONBLOCK;

/** The options that log keys. */
export interface KeyLogChoice {
  /**
   * For debugging: appends the secrets of every connection to this file (mode 600), for `sortie decode --keys`, and
   * warns that whoever reads it can decrypt the traffic. Default: the environment variable SORTIE_KEYLOGFILE; without
   * it nothing is written. Not together with `keyLog`.
   */
  readonly keyLogFile?: string | undefined;
  /** For debugging: hears the secrets of every connection instead, one line for each. */
  readonly keyLog?: KeyLog | undefined;
}

/** @internal See `checkOptionNames`. */
export const KEY_LOG_CHOICE_NAMES: OptionNames<KeyLogChoice> = { keyLogFile: true, keyLog: true };

/** Files that were warned of: once for a process, however many connections it makes. */
const warned = new Set<string>();
/** Files that could not be written later on, and of which that was told: once for a process as well. */
const lost = new Set<string>();

/**
 * Where the keys of these options go; undefined, as nearly always, for nowhere. Throws TypeError for bad options, Error
 * when the file cannot be written, or belongs to somebody else.
 */
export function keyLogOf(
  { keyLog, keyLogFile }: KeyLogChoice,
  fromEnvironment: string | undefined = process.env["SORTIE_KEYLOGFILE"],
): KeyLog | undefined {
  if (keyLogFile !== undefined && (typeof keyLogFile !== "string" || keyLogFile === "")) {
    throw new TypeError(`"keyLogFile" expected the name of a file, got ${describeValue(keyLogFile)}`);
  }
  if (keyLogFile !== undefined && keyLog !== undefined) {
    throw new TypeError('"keyLogFile" expected to stand without "keyLog", got both');
  }
  if (keyLog !== undefined && typeof keyLog !== "function") {
    throw new TypeError(`"keyLog" expected a function, got ${typeof keyLog}`);
  }
  if (keyLog !== undefined) {
    warnOnce('whoever gets what "keyLog" is told');
    return keyLog;
  }
  const path = keyLogFile ?? fromEnvironment;
  if (path === undefined || path === "") return undefined;
  // A file that cannot be written is told at once, not with the first connection.
  closeSync(openPrivately(path));
  warnOnce(`whoever reads "${path}"`);
  return fileLog(path);
}

/** Appends whole lines, each in one write, so that several processes may share the file. */
function fileLog(path: string): KeyLog {
  return (line) => {
    try {
      const file = openPrivately(path);
      try {
        writeSync(file, `${line}\n`);
      } finally {
        closeSync(file);
      }
    } catch (error) {
      // A full disk must not end a game: it is told once, and later lines are tried all the same.
      if (!lost.has(path)) warn(`keys of connections are missing in the key log: ${String(error)}`);
      lost.add(path);
    }
  };
}

function openPrivately(path: string): number {
  let file: number;
  try {
    file = openSync(path, FLAGS, PRIVATE_MODE);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "error";
    const advice = code === "ELOOP" ? "it is a symbolic link" : "is its folder there, and writable?";
    throw new Error(`cannot write the key log "${path}" (${code}): ${advice}`, { cause: error });
  }
  try {
    const { uid, mode } = fstatSync(file);
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw new Error(`the key log "${path}" is no regular file`);
    const own = process.getuid?.();
    if (own !== undefined && uid !== own) throw new Error(`the key log "${path}" belongs to another user (${uid})`);
    // The mode of `openSync` holds for new files only.
    if (own !== undefined) fchmodSync(file, PRIVATE_MODE);
    return file;
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

function warnOnce(who: string): void {
  if (warned.has(who)) return;
  warned.add(who);
  warn(`keys are logged: all traffic of this process can be decrypted by ${who}`);
}

function warn(message: string): void {
  process.emitWarning(message, { code: "SORTIE_KEY_LOG" });
}
