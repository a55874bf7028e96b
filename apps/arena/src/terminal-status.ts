/** What is needed of process.stdout. */
export interface TextStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
  on?(event: "error", listener: () => void): unknown;
}

/** A stream that statuses go to, and whether it still takes them. */
interface WatchedStream {
  isBroken: boolean;
}

/**
 * One listener for each stream, for good, whatever number of statuses it shows: what was written before its reader went
 * away may fail after the status has ended.
 */
const watchedStreams = new WeakMap<TextStream, WatchedStream>();

/** Without a listener a reader that goes away would end the process. */
function watch(stream: TextStream): WatchedStream {
  let watched = watchedStreams.get(stream);
  if (watched === undefined) {
    const created = { isBroken: false };
    stream.on?.("error", () => (created.isBroken = true));
    watchedStreams.set(stream, created);
    watched = created;
  }
  return watched;
}

/** ms between two lines where they cannot be written over, such as in a log. */
const LOG_INTERVAL_MS = 5_000;

/** Columns where the terminal does not say how many it has: undefined, or 0. */
const DEFAULT_COLUMNS = 80;

const SEPARATOR = " | ";

/**
 * A status that is always up to date: rewritten in place on a terminal, in as many rows as its width asks for, and
 * elsewhere written anew as one line every few seconds. Where the stream fails, nothing is shown any more.
 */
export class TerminalStatus {
  private readonly stream: TextStream;
  private readonly watched: WatchedStream;
  /** Rows on the screen that the next update writes over. */
  private shownRows = 0;
  private loggedAtMs = -Infinity;

  constructor(stream: TextStream) {
    this.stream = stream;
    this.watched = watch(stream);
  }

  /** Shows the parts, which have no escape sequences, side by side. */
  update(parts: readonly string[], nowMs: number): void {
    if (this.watched.isBroken) return;
    if (this.stream.isTTY === true) {
      const rows = this.rowsOf(parts);
      this.stream.write(this.backToFirstRow() + rows.join("\n"));
      this.shownRows = rows.length;
    } else if (nowMs - this.loggedAtMs >= LOG_INTERVAL_MS) {
      this.stream.write(`${parts.join(SEPARATOR)}\n`);
      this.loggedAtMs = nowMs;
    }
  }

  /** Leaves what is shown on the screen and goes to the next row. */
  end(): void {
    if (this.shownRows > 0 && !this.watched.isBroken) this.stream.write("\n");
    this.shownRows = 0;
  }

  /** As many parts in each row as fit. */
  private rowsOf(parts: readonly string[]): string[] {
    // One column stays free: a full row makes some terminals wrap.
    const width = (this.stream.columns || DEFAULT_COLUMNS) - 1;
    const rows: string[] = [];
    for (const part of parts) {
      const longer = rows.length === 0 ? undefined : `${rows.at(-1) as string}${SEPARATOR}${part}`;
      if (longer !== undefined && longer.length <= width) rows[rows.length - 1] = longer;
      else rows.push(part.slice(0, width));
    }
    return rows;
  }

  /** To the first column of the first row that is shown, and everything from there on erased. */
  private backToFirstRow(): string {
    const up = this.shownRows > 1 ? `\u001b[${this.shownRows - 1}A` : "";
    return `\r${up}\u001b[J`;
  }
}
