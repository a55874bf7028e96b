import type { LogLevel } from "@sortie/connection";

/** Characters that wait in a stream for its reader. A reader that has stopped must not take all memory. */
const MAX_WAITING = 8 * 1024 * 1024;
/** As the system calls a pipe that takes no more. */
const FULL = "EAGAIN";

/** The part of process.stdout that is used. */
interface ConsoleStream {
  readonly errored: Error | null;
  /** What was given to it and is not written yet: 0 where writing is synchronous, as to files. */
  readonly writableLength: number;
  on(name: "error", listener: (error: NodeJS.ErrnoException) => void): unknown;
  on(name: "drain", listener: () => void): unknown;
}

/** What became of lines that could not be written. */
export interface LostLines {
  /** 1 or more. At most so many: of what was being written, the reader may have had a part. */
  readonly lost: number;
  /** Of the system's error, such as "ENOSPC"; "EAGAIN" where the reader does not keep up. */
  readonly code: string | undefined;
}

export interface ConsoleLines {
  /** Writes by the console's method, and not by the stream: a program may have replaced it. */
  readonly put: (text: string, level: LogLevel) => void;
  readonly notice: (lines: LostLines) => string;
}

/**
 * Writes lines by the console, and survives that they cannot be written: a full disk or a reader that ended would end
 * the process otherwise, by the stream's "error" that nobody listens to, and one that reads too slowly would take its
 * memory. Such lines are lost and counted; before the first that can be written again goes `notice`, a line on how many
 * were.
 *
 * A stream is listened to from its first line on: a program that logs nothing there keeps its own way with EPIPE.
 */
export function writeToConsole(line: string, level: LogLevel, { put, notice }: ConsoleLines): void {
  const watch = watchOf(level === "warn" || level === "error" ? "stderr" : "stdout");
  watch.write({ line, notice, put: (text) => put(text, level) });
}

/** One for each stream, whatever the number of loggers: listeners stay for good. */
const watches: Partial<Record<"stdout" | "stderr", StreamWatch>> = {};

function watchOf(name: "stdout" | "stderr"): StreamWatch {
  return (watches[name] ??= new StreamWatch(process[name]));
}

interface Line {
  readonly line: string;
  readonly notice: ConsoleLines["notice"];
  readonly put: (text: string) => void;
}

class StreamWatch {
  readonly #stream: ConsoleStream;
  #lost = 0;
  #code: string | undefined;
  /** What was written last may have no end: the next line must not stand behind it. */
  #isCut = false;
  /** Too much waits; so it is until half of it has been written, or each line would be told of. */
  #isFull = false;
  /** The last line that was lost for that. */
  #refused: Line | undefined;
  /** Texts whose writing has not ended, in order: pipes tell later. What has ended is taken out when that matters. */
  readonly #waiting: { readonly length: number; readonly lines: number }[] = [];
  /** Sum of their lengths. */
  #waitingLength = 0;

  constructor(stream: ConsoleStream) {
    this.#stream = stream;
    stream.on("error", ({ code }) => {
      this.#code = code;
      if (this.#waiting.length > 0) this.#isCut = true;
      for (const { lines } of this.#waiting) this.#lost += lines;
      this.#forget(this.#waiting.length);
    });
    // Nothing may be logged any more that would bring the notice.
    stream.on("drain", () => {
      const refused = this.#refused;
      if (refused === undefined) return;
      this.#settle();
      if (!this.#isFull) this.#tell(refused);
    });
  }

  write(line: Line): void {
    this.#settle();
    if (this.#isFull) {
      this.#lost += 1;
      this.#code = FULL;
      this.#refused = line;
      return;
    }
    if (this.#lost > 0) this.#tell(line);
    this.#put(line.line, 1, line.put);
  }

  #tell({ notice, put }: Line): void {
    const lost = this.#lost;
    const start = this.#isCut ? "\n" : "";
    this.#lost = 0;
    this.#refused = undefined;
    this.#put(start + notice({ lost, code: this.#code }), lost, put);
  }

  /** Looks what has been written meanwhile. */
  #settle(): void {
    const { writableLength } = this.#stream;
    this.#isFull = writableLength > (this.#isFull ? MAX_WAITING / 2 : MAX_WAITING);
    if (this.#waitingLength <= writableLength) return;
    let written = 0;
    for (let length = this.#waitingLength; length > writableLength; written++) {
      length -= this.#waiting[written]?.length ?? length;
    }
    this.#forget(written);
  }

  /** Of the oldest. */
  #forget(count: number): void {
    for (const { length } of this.#waiting.splice(0, count)) this.#waitingLength -= length;
  }

  /** @param lines that are lost if this is */
  #put(text: string, lines: number, put: (text: string) => void): void {
    const stream = this.#stream;
    const before = stream.writableLength;
    // After a failure a stream drops what comes in the same turn.
    if (!stream.errored) put(text);
    if (stream.errored) {
      this.#code = (stream.errored as NodeJS.ErrnoException).code;
      this.#lost += lines;
      // A disk that is full takes the beginning of a line, a pipe without a reader nothing.
      if (this.#code !== "EPIPE") this.#isCut = true;
      return;
    }
    this.#isCut = false;
    const length = stream.writableLength - before;
    if (!(length > 0)) return;
    this.#waiting.push({ length, lines });
    this.#waitingLength += length;
  }
}
