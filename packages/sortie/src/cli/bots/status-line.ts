/** What is needed of process.stderr. */
interface StatusStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Columns where the terminal does not say how many it has: undefined, or 0. */
const DEFAULT_COLUMNS = 80;

/** A line of text that is kept up to date on a terminal; elsewhere nothing at all. */
export class StatusLine {
  readonly #stream: StatusStream;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(stream: StatusStream, intervalMs: number, text: () => string) {
    this.#stream = stream;
    if (stream.isTTY !== true) return;
    this.#timer = setInterval(() => {
      // One column stays free: a full row makes some terminals wrap.
      const width = Math.max(1, (stream.columns || DEFAULT_COLUMNS) - 1);
      stream.write(`\r\u001b[K${text().slice(0, width)}`);
    }, intervalMs);
    this.#timer.unref();
  }

  /** The line is gone. */
  end(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#stream.write("\r\u001b[K");
  }
}
