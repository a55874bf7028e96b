import type { LogLevel } from "@sortie/connection";

/** The part of process.stdout that is used. */
interface ConsoleStream {
  readonly errored: Error | null;
  /** Bytes that were given to it and are not written yet: 0 where writing is synchronous. */
  readonly writableLength: number;
  on(name: "error", listener: (error: NodeJS.ErrnoException) => void): unknown;
}

/** What became of lines that could not be written. */
export interface LostLines {
  /** 1 or more. */
  readonly lost: number;
  /** Of the system's error, such as "ENOSPC". */
  readonly code: string | undefined;
}

export interface ConsoleLines {
  /** Writes by the console's method, and not by the stream: a program may have replaced it. */
  readonly put: (text: string, level: LogLevel) => void;
  readonly notice: (lines: LostLines) => string;
}

/**
 * Writes lines by the console, and survives that they cannot be written: a full disk or a reader that ended would end
 * the process otherwise, by the stream's "error" that nobody listens to. Such lines are lost and counted; before the
 * first that can be written again goes `notice`, a line on how many were.
 *
 * A stream is listened to from its first line on: a program that logs nothing there keeps its own way with EPIPE.
 */
export function writeToConsole(line: string, level: LogLevel, { put, notice }: ConsoleLines): void {
  const watch = watchOf(level === "warn" || level === "error" ? "stderr" : "stdout");
  watch.write(line, notice, (text) => put(text, level));
}

/** One for each stream, whatever the number of loggers: listeners stay for good. */
const watches: Partial<Record<"stdout" | "stderr", StreamWatch>> = {};

function watchOf(name: "stdout" | "stderr"): StreamWatch {
  return (watches[name] ??= new StreamWatch(process[name]));
}

class StreamWatch {
  readonly #stream: ConsoleStream;
  #lost = 0;
  /** Lines whose writing has not ended: pipes on Windows tell later. */
  #pending = 0;
  #code: string | undefined;

  constructor(stream: ConsoleStream) {
    this.#stream = stream;
    stream.on("error", ({ code }) => {
      this.#code = code;
      this.#lost += this.#pending;
      this.#pending = 0;
    });
  }

  write(line: string, notice: ConsoleLines["notice"], put: (text: string) => void): void {
    const lost = this.#lost;
    if (lost > 0) {
      this.#lost = 0;
      // A disk that is full takes the beginning of a line: this one must not stand at its end.
      const start = this.#code === "EPIPE" ? "" : "\n";
      this.#put(start + notice({ lost, code: this.#code }), lost, put);
    }
    this.#put(line, 1, put);
  }

  /** @param lines that are lost if this is */
  #put(text: string, lines: number, put: (text: string) => void): void {
    const stream = this.#stream;
    // After a failure a stream drops what comes in the same turn.
    if (!stream.errored) {
      if (stream.writableLength === 0) this.#pending = 0;
      put(text);
    }
    if (stream.errored) {
      this.#code = (stream.errored as NodeJS.ErrnoException).code;
      this.#lost += lines;
    } else if (stream.writableLength > 0) this.#pending += lines;
  }
}
