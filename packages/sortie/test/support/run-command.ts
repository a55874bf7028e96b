import type { Command } from "commander";
import { vi } from "vitest";
import type { CommandHost } from "../../src/cli/command-host.js";

/** What a command did. */
export interface CommandResult {
  /** What it printed to standard output. */
  readonly output: string;
  /** What it printed to standard error. */
  readonly errors: string;
  /** The status that it asked for; 0 when for none. */
  readonly exitCode: number;
}

/** A command that runs in this process; what it prints is kept. */
export class RunningCommand {
  readonly #lines: string[] = [];
  readonly #errors: string[] = [];
  readonly #done: Promise<unknown>;
  #exitCode = 0;
  #interrupt: () => void = () => {};

  constructor(make: (host: CommandHost) => Command, args: readonly string[]) {
    const log = vi.spyOn(console, "log").mockImplementation((line: string) => void this.#lines.push(line));
    const error = vi.spyOn(console, "error").mockImplementation((line: string) => void this.#errors.push(line));
    const interrupted = new Promise<void>((resolve) => (this.#interrupt = resolve));
    const command = make({ interrupted: () => interrupted, setExitCode: (code) => (this.#exitCode = code) });
    this.#done = command
      .exitOverride()
      .configureOutput({ writeErr: () => {}, writeOut: (text) => void this.#lines.push(text) })
      .parseAsync([...args], { from: "user" })
      .finally(() => {
        log.mockRestore();
        error.mockRestore();
      });
    this.#done.catch(() => {});
  }

  /** Resolves once it has printed a line like this. */
  printed(pattern: RegExp): Promise<void> {
    return this.until(() => this.#lines.some((line) => pattern.test(line)));
  }

  /** Resolves once this is so, while the command runs. */
  until(condition: () => boolean): Promise<void> {
    return vi.waitFor(
      () => {
        if (!condition()) throw new Error(`not yet: ${String(condition)}`);
      },
      { timeout: 15_000, interval: 10 },
    );
  }

  /** As Ctrl-C. */
  interrupt(): void {
    this.#interrupt();
  }

  /** Rejects with what it threw. */
  async result(): Promise<CommandResult> {
    await this.#done;
    return { output: this.#lines.join("\n"), errors: this.#errors.join("\n"), exitCode: this.#exitCode };
  }
}

/** Runs a command to its end. */
export function runCommand(make: (host: CommandHost) => Command, ...args: string[]): Promise<CommandResult> {
  return new RunningCommand(make, args).result();
}
