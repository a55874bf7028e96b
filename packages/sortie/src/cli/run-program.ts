import { type Command, CommanderError, InvalidArgumentError } from "commander";
import { escapeHidden } from "../escape-hidden.js";

/**
 * Runs a command line; what fails is told, and gives the process status 1. It is not ended at once, as commander would
 * do after a help text or a complaint: what is still to be written would be lost, and that it cannot be written not
 * noticed.
 */
export async function runProgram(program: Command, argv: readonly string[]): Promise<void> {
  throwInsteadOfExit(program);
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (isTold(error)) {
      if (error.exitCode !== 0) process.exitCode = error.exitCode;
      return;
    }
    const message = error instanceof Error ? error.message : String(error);
    // Words of a server or out of a file may stand in it; its own lines stay lines.
    console.error(`sortie: ${message.split("\n").map(escapeHidden).join("\n")}`);
    process.exitCode = 1;
  }
}

/** Commands that were made by themselves do not have it of the one above them. */
function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  for (const each of command.commands) throwInsteadOfExit(each);
}

/** What commander throws in place of an exit has been printed; but not what an action throws, whatever its kind. */
function isTold(error: unknown): error is CommanderError {
  return error instanceof CommanderError && !(error instanceof InvalidArgumentError);
}
