/** What is needed of process.stdout. */
export interface ScreenStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

/** What is needed of process.stdin: keys, one by one. */
export interface KeyStream {
  readonly isTTY?: boolean;
  setRawMode?(isRaw: boolean): unknown;
  on(name: "data", listener: (data: Buffer | string) => void): unknown;
  off(name: "data", listener: (data: Buffer | string) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

/** What is needed of the process: to hear of its end, whatever brings it about. */
export interface EndingProcess {
  on(name: "exit" | "uncaughtExceptionMonitor", listener: () => void): unknown;
  off(name: "exit" | "uncaughtExceptionMonitor", listener: () => void): unknown;
}

/** Where a screen is shown. */
export interface Terminal {
  readonly out: ScreenStream;
  readonly keys: KeyStream;
  readonly ending: EndingProcess;
}

/** Alternate screen of xterm and all that follow it; the cursor is hidden meanwhile. */
const ENTER = "\u001b[?1049h\u001b[?25l";
const LEAVE = "\u001b[?25h\u001b[?1049l";
const HOME = "\u001b[H";
const REST_OF_LINE = "\u001b[K";
const REST_OF_SCREEN = "\u001b[J";
/** Where the terminal does not say how large it is: undefined, or 0. */
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

/**
 * The whole terminal for as long as it is open. What was there before comes back at `close`, at the end of the process,
 * and before an uncaught exception is printed.
 */
export class Screen {
  readonly #out: ScreenStream;
  readonly #keys: KeyStream;
  readonly #ending: EndingProcess;
  readonly #onKey: (key: string) => void;
  #isOpen = false;

  /** @param onKey hears of each key; Ctrl-C is one of them, as "\u0003" */
  constructor({ out, keys, ending }: Terminal, onKey: (key: string) => void) {
    this.#out = out;
    this.#keys = keys;
    this.#ending = ending;
    this.#onKey = onKey;
  }

  get columns(): number {
    // 0 where the terminal does not know, such as a serial line, a new pseudo-terminal or `docker run -t`.
    return this.#out.columns || DEFAULT_COLUMNS;
  }

  get rows(): number {
    return this.#out.rows || DEFAULT_ROWS;
  }

  /** Idempotent. */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#ending.on("exit", this.#restore);
    this.#ending.on("uncaughtExceptionMonitor", this.#restore);
    this.#out.write(ENTER);
    if (this.#keys.isTTY !== true) return;
    this.#keys.setRawMode?.(true);
    this.#keys.on("data", this.#onData);
    this.#keys.resume();
  }

  /** Shows these lines, none wider and not more than fit, in place of what was shown. */
  show(lines: readonly string[]): void {
    if (!this.#isOpen) return;
    const text = lines.map((line) => line + REST_OF_LINE).join("\r\n");
    this.#out.write(HOME + text + REST_OF_SCREEN);
  }

  /** Idempotent. */
  close(): void {
    this.#restore();
    this.#ending.off("exit", this.#restore);
    this.#ending.off("uncaughtExceptionMonitor", this.#restore);
  }

  readonly #onData = (data: Buffer | string): void => {
    for (const key of data.toString()) this.#onKey(key);
  };

  readonly #restore = (): void => {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    if (this.#keys.isTTY === true) {
      this.#keys.off("data", this.#onData);
      this.#keys.setRawMode?.(false);
      this.#keys.pause();
    }
    this.#out.write(LEAVE);
  };
}
