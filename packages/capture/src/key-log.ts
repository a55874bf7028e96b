import { type KeyLogEntry, parseKeyLogLine } from "@sortie/handshake";
import { expectText } from "./argument-checks.js";

/** Connections of one key log. A line has 225 characters: a file with more is no key log of one capture. */
const MAX_ENTRIES = 1_000_000;
/** Damaged lines that are told of one by one. */
const MAX_NOTES = 100;

/** What a key log says. */
export interface KeyLogContent {
  /** One for each connection, in the order of the file; both sides may have logged it. */
  readonly entries: readonly KeyLogEntry[];
  /** The first 100 lines of Sortie's that are damaged, by number, and how many more: the last of a file often is. */
  readonly notes: readonly string[];
}

/**
 * Reads the text of a key log. RangeError above `maxEntries` connections (1..1,000,000, which is the default); nothing
 * else in the text makes it throw. TypeError for what is no text.
 */
export function parseKeyLog(text: string, maxEntries: number = MAX_ENTRIES): KeyLogContent {
  expectText("text", text);
  if (!Number.isInteger(maxEntries) || maxEntries < 1 || maxEntries > MAX_ENTRIES) {
    throw new RangeError(`"maxEntries" expected an integer in 1..${MAX_ENTRIES}, got ${maxEntries}`);
  }
  const entries = new Map<string, KeyLogEntry>();
  const notes: string[] = [];
  let number = 0;
  let untold = 0;
  for (const line of text.split("\n")) {
    number += 1;
    try {
      const entry = parseKeyLogLine(line);
      if (entry !== undefined) entries.set(line.trim(), entry);
    } catch (error) {
      if (notes.length === MAX_NOTES) untold += 1;
      else notes.push(`key log, line ${number}: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (entries.size > maxEntries) throw new RangeError(`"text" expected at most ${maxEntries} connections`);
  }
  if (untold > 0) notes.push(`key log: ${untold} more lines are damaged`);
  return { entries: [...entries.values()], notes };
}
