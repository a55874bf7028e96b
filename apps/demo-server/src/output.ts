import colors from "picocolors";
import { createConsoleLogger, type Logger } from "sortie";

/** What the program prints beside its log: text for people, or JSON as the log's lines where these are. */
export class Output {
  readonly #isQuiet: boolean;
  readonly #json: Logger | undefined;

  constructor({ quiet = false, logJson = false }: { readonly quiet?: boolean; readonly logJson?: boolean }) {
    this.#isQuiet = quiet;
    // Not the log itself, whose level may leave out what has to be said.
    this.#json = logJson ? createConsoleLogger({ json: true }) : undefined;
  }

  /** What those have to know who start it, also with --quiet. */
  say(text: string, fields: object = {}): void {
    if (this.#json === undefined) console.log(text);
    else this.#json.info(fields, text);
  }

  /** Nothing with --quiet. */
  tell(text: string, fields?: object): void {
    if (!this.#isQuiet) this.say(text, fields);
  }

  /** Label and text of each line. Nothing with --quiet. */
  table(title: string, lines: readonly (readonly [label: string, text: string])[]): void {
    if (this.#json !== undefined) return this.tell(title, Object.fromEntries(lines));
    for (const [label, text] of lines) this.tell(`${colors.dim(label.padEnd(12))}${text}`);
  }

  /** What is wrong and ends nothing, where it has to be JSON. */
  warn(text: string, fields: object): void {
    this.#json?.warn(fields, text);
  }

  /** What ended the program. */
  fail(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    if (this.#json === undefined) console.error(colors.red(`error: ${text}`));
    else this.#json.error({ err: error }, text);
  }

  /** Where the status goes. */
  statusStream(): { write(text: string): unknown } {
    return this.#json === undefined ? process.stdout : { write: (text) => this.say(text.trimEnd()) };
  }
}
