import { checkOptionNames, LOG_LEVELS, type Logger, type LogLevel, type OptionNames } from "@sortie/connection";
import { SocketAddress } from "@sortie/transport";
import { escapeHidden } from "./escape-hidden.js";
import { type LostLines, writeToConsole } from "./console-streams.js";

export interface ConsoleLoggerOptions {
  /** What is less important is left out. Default "info". */
  readonly level?: LogLevel | "silent" | undefined;
  /** One JSON object a line, as pino writes them (`level`, `time`, `msg`), for machines. Default: for people. */
  readonly json?: boolean | undefined;
  /**
   * Takes each line. Default: the console's method of the level's name; lines that it cannot write, as on a full disk
   * or without a reader, or while 8 MiB wait for one, are lost, and a line says how many at most when writing works
   * again.
   */
  readonly write?: ((line: string, level: LogLevel) => void) | undefined;
}

const OPTION_NAMES: OptionNames<ConsoleLoggerOptions> = { level: true, json: true, write: true };

/** With `lost` and the error's `code`. Alerts look for it. */
const LOST = "log lines could not be written and are lost, at most so many";

/** pino's numbers of the levels. */
const LEVEL_NUMBERS: Readonly<Record<LogLevel, number>> = { debug: 20, info: 30, warn: 40, error: 50 };

/**
 * A logger without dependencies. Whatever peers put into a text stays in its line, and can neither move the cursor nor
 * hide or turn around what stands there. Throws TypeError for bad options.
 */
export function createConsoleLogger(options: ConsoleLoggerOptions = {}): Logger {
  checkOptionNames(options, OPTION_NAMES);
  const { level = "info", json = false } = options;
  if (level !== "silent" && !LOG_LEVELS.includes(level)) {
    throw new TypeError(`"level" expected one of ${LOG_LEVELS.join(", ")}, silent; got ${String(level)}`);
  }
  const lineOf = json ? jsonLine : textLine;
  const notice = (lines: LostLines): string => lineOf("warn", lines, LOST);
  const { write = (line: string, each: LogLevel) => writeToConsole(line, each, { put: toConsole, notice }) } = options;
  if (typeof write !== "function") throw new TypeError(`"write" expected a function, got ${typeof write}`);
  const first = level === "silent" ? LOG_LEVELS.length : LOG_LEVELS.indexOf(level);
  const at = (each: LogLevel): Logger[LogLevel] => {
    if (LOG_LEVELS.indexOf(each) < first) return () => undefined;
    return (fields, message) => write(lineOf(each, fields, message), each);
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

function toConsole(text: string, level: LogLevel): void {
  console[level](text);
}

function jsonLine(level: LogLevel, fields: object, message: string): string {
  return textOf({ level: LEVEL_NUMBERS[level], time: Date.now(), ...fields, msg: message });
}

function textLine(level: LogLevel, fields: object, message: string): string {
  const words = [new Date().toISOString(), level.toUpperCase().padEnd(5), escapeHidden(message)];
  let stack = "";
  for (const [name, value] of Object.entries(fields)) {
    if (value instanceof Error) stack += stackOf(value);
    else words.push(`${escapeHidden(name)}=${typeof value === "number" ? String(value) : textOf(value)}`);
  }
  return words.join(" ") + stack;
}

/** A line for each of the stack's. */
function stackOf(error: Error): string {
  const lines = (error.stack ?? String(error)).split("\n");
  return lines.map((line) => `\n${escapeHidden(line)}`).join("");
}

/** As JSON; what JSON cannot say is named. */
function textOf(value: unknown): string {
  try {
    return escapeHidden(JSON.stringify(value, plain) ?? String(value));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return escapeHidden(JSON.stringify(`cannot be written: ${why}`));
  }
}

/** Of JSON.stringify, whose `this` has the value as it was before its `toJSON`. */
function plain(this: Readonly<Record<string, unknown>>, key: string, value: unknown): unknown {
  const given = this[key];
  if (given instanceof SocketAddress) return given.toString(); // as the lines of server and client have it
  if (value instanceof Error)
    return { type: value.name, message: value.message, code: codeOf(value), stack: value.stack };
  if (typeof value === "bigint") return value.toString();
  return value === Infinity ? "Infinity" : value;
}

/** Of what alerts and scripts tell errors apart by: "ENOENT", "wrong-key". */
function codeOf(error: Error): string | number | undefined {
  const { code } = error as { readonly code?: unknown };
  return typeof code === "string" || typeof code === "number" ? code : undefined;
}
