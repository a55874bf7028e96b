/** What is needed of process.stdout. */
export interface TextStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

/** ms between two lines where they cannot be written over, such as in a log. */
const LOG_INTERVAL_MS = 5_000;

/** Columns where the terminal does not say how many it has. */
const DEFAULT_COLUMNS = 80;

const CLEAR_LINE = "\r\u001b[K";

/**
 * One line that is always up to date: rewritten in place on a terminal, and written anew every few seconds elsewhere.
 */
export class TerminalLine {
  private readonly stream: TextStream;
  private shown = false;
  private loggedAtMs = -Infinity;

  constructor(stream: TextStream) {
    this.stream = stream;
  }

  /** Shows `text`, which has no escape sequences, cut to the terminal's width. */
  update(text: string, nowMs: number): void {
    if (this.stream.isTTY === true) {
      // One column stays free: a full line makes some terminals wrap.
      const width = (this.stream.columns ?? DEFAULT_COLUMNS) - 1;
      this.stream.write(CLEAR_LINE + text.slice(0, width));
      this.shown = true;
    } else if (nowMs - this.loggedAtMs >= LOG_INTERVAL_MS) {
      this.stream.write(`${text}\n`);
      this.loggedAtMs = nowMs;
    }
  }

  /** Leaves what is shown on the screen and goes to the next line. */
  end(): void {
    if (this.shown) this.stream.write("\n");
    this.shown = false;
  }
}
