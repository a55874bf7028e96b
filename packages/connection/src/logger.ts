import { callContained } from "./call-contained.js";

/**
 * Takes what happens: fields first, then a sentence. A pino logger fits as it is, and so does `console`. What a logger
 * throws is contained.
 */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export type LogLevel = keyof Logger;

/** From the least to the most important. */
export const LOG_LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** Throws TypeError that names the option, what is expected and what came. */
export function checkLogger(label: string, logger: unknown): void {
  if (logger === undefined) return;
  const given = logger as Partial<Logger> | null;
  const missing = LOG_LEVELS.filter((level) => typeof given?.[level] !== "function");
  if (missing.length === 0) return;
  const got = given === null ? "null" : typeof given === "object" ? `none for ${missing.join(", ")}` : typeof given;
  throw new TypeError(`"${label}" expected an object with debug, info, warn and error(fields, message), got ${got}`);
}

/** The same logger, whose throws and rejections are contained: they must not end the work that it is told of. */
export function containedLogger(logger: Logger): Logger {
  // Who should be told of it is the one that failed.
  const ignore = (): void => {};
  const contained =
    (level: LogLevel) =>
    (fields: object, message: string): void =>
      void callContained(() => logger[level](fields, message), ignore);
  return { debug: contained("debug"), info: contained("info"), warn: contained("warn"), error: contained("error") };
}
