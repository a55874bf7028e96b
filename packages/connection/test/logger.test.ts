import { describe, expect, it } from "vitest";
import { containedLogger, LOG_LEVELS, type Logger } from "../src/logger.js";

describe("containedLogger", () => {
  it("hands lines on, at their level, with the logger as `this`", () => {
    const lines: unknown[] = [];
    class Recorder {
      readonly #lines = lines;
      debug(...line: unknown[]): void {
        this.#lines.push(["debug", ...line]);
      }
      info(...line: unknown[]): void {
        this.#lines.push(["info", ...line]);
      }
      warn(...line: unknown[]): void {
        this.#lines.push(["warn", ...line]);
      }
      error(...line: unknown[]): void {
        this.#lines.push(["error", ...line]);
      }
    }
    const logger = containedLogger(new Recorder());
    for (const level of LOG_LEVELS) logger[level]({ level }, "told");
    expect(lines).toEqual(LOG_LEVELS.map((level) => [level, { level }, "told"]));
  });

  it("contains what it rejects with", async () => {
    const rejections: unknown[] = [];
    const onRejection = (reason: unknown): void => void rejections.push(reason);
    process.on("unhandledRejection", onRejection);
    const fail = (): Promise<never> => Promise.reject(new Error("disk full"));
    const logger = containedLogger({ debug: fail, info: fail, warn: fail, error: fail });
    for (const level of LOG_LEVELS) logger[level]({}, "told");
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", onRejection);
    expect(rejections).toEqual([]);
  });

  it("contains what it throws", () => {
    const fail = (): never => {
      throw new Error("disk full");
    };
    const broken: Logger = { debug: fail, info: fail, warn: fail, error: fail };
    const logger = containedLogger(broken);
    for (const level of LOG_LEVELS) expect(() => logger[level]({}, "told")).not.toThrow();
  });
});
