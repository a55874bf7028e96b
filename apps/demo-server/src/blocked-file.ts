import { rangeKey } from "./ip-range.js";
import { readSmallFile } from "./small-file.js";

/** As many as a server's list holds. */
const MAX_ENTRIES = 65_536;
/** bytes. Room for that many, with a word on each. */
const MAX_BYTES = 8 * 1024 * 1024;
/** Characters of a line in a message. */
const SHOWN_CHARACTERS = 60;

/** The part of a server that is used. */
export interface BlockingServer {
  /** All of them, or none where it throws. */
  block(ipOrCidr: readonly string[]): void;
  unblock(ipOrCidr: string): boolean;
  /** How many are blocked. */
  readonly blockedCount: number;
}

/**
 * Addresses and ranges that a file keeps out, one a line; what follows "#" is a comment. Whatever operators block
 * beside it stays blocked, unless it was in the file as well and is there no more; what they unblock of it is blocked
 * again with the next reading.
 */
export class BlockedFile {
  readonly path: string;
  readonly #server: BlockingServer;
  /** As it was read last. */
  #text: string | undefined;
  /** As the file has them, by what they are. */
  #entries: ReadonlyMap<string, string> = new Map();

  constructor(path: string, server: BlockingServer) {
    this.path = path;
    this.#server = server;
  }

  /**
   * Blocks what is in the file, and unblocks what was there when it was read last and is no more. Resolves with how
   * many entries it has, all of them blocked now, and how many were not before; `removed` were blocked until now.
   * Rejects with Error that names the file, and the line if it is one, and has changed nothing then.
   */
  async load(): Promise<{ readonly blocked: number; readonly added: number; readonly removed: number }> {
    const text = await readSmallFile("the list of blocked addresses", this.path, MAX_BYTES);
    const last = this.#entries;
    // A full list takes a fifth of a second to read beside what blocking takes, and the game stands still meanwhile.
    const next = text === this.#text ? last : parse(text, this.path);
    const gone = [...last].filter(([key]) => !next.has(key)).map(([, entry]) => entry);
    const changed = this.#change(gone, [...next.values()]);
    this.#entries = next;
    this.#text = text;
    return { blocked: next.size, ...changed };
  }

  #change(gone: readonly string[], wanted: readonly string[]): { readonly added: number; readonly removed: number } {
    const unblocked = gone.filter((entry) => this.#server.unblock(entry));
    const before = this.#server.blockedCount;
    try {
      // All of them, as an operator may have unblocked some: what is blocked already stays as it is.
      this.#server.block(wanted);
    } catch (error) {
      // The server's list is full, with what was blocked otherwise.
      this.#server.block(unblocked);
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`"${this.path}" cannot be blocked: ${why}`, { cause: error });
    }
    return { added: this.#server.blockedCount - before, removed: unblocked.length };
  }
}

function parse(text: string, path: string): Map<string, string> {
  const entries = new Map<string, string>();
  for (const [index, line] of text.split("\n").entries()) {
    const entry = line.replace(/#.*/, "").trim();
    if (entry === "") continue;
    const key = rangeKey(entry);
    const where = `${path}:${index + 1}`;
    if (key === undefined) {
      const got = JSON.stringify(entry.slice(0, SHOWN_CHARACTERS));
      throw new Error(`${where}: expected an IP address or a range such as 10.0.0.0/8, got ${got}`);
    }
    entries.set(key, entry);
    if (entries.size > MAX_ENTRIES) throw new Error(`${where}: expected at most ${MAX_ENTRIES} entries, got more`);
  }
  return entries;
}
