import { readFile } from "node:fs/promises";
import { ARENA_PROTOCOL } from "@sortie-apps/arena";
import { Command, InvalidArgumentError, Option } from "commander";

/** What the command line says. */
export interface CommandOptions {
  readonly host: string;
  readonly port: number;
  /** File with the server's public key in PEM. */
  readonly serverKey?: string;
  readonly dangerouslyTrustAnyServer?: boolean;
  /** URL of a matchmaker that says where to play, and gives each bot its token. */
  readonly matchmaker?: string;
  /** With the bot's number behind it: who it is for the matchmaker. */
  readonly session: string;
  readonly count: number;
  /** s; 0: until a signal comes. */
  readonly duration: number;
  readonly json?: string;
  readonly quiet?: boolean;
  readonly protocol: string;
  readonly seed: number;
}

/** Reads the command line; ends the process with a message when it is wrong. */
export function parseOptions(argv: readonly string[], command: Command = createCommand()): CommandOptions {
  return command.parse([...argv]).opts<CommandOptions>();
}

/** What a matchmaker says of each place: given as well, it would be passed over. */
const SAID_BY_MATCHMAKER = ["host", "port", "protocol", "serverKey", "dangerouslyTrustAnyServer"];

/** The command line, before it has read anything. */
export function createCommand(): Command {
  return new Command("arena-bots")
    .description("headless players for the demo arena, with proof that no reliable message was lost or duplicated")
    .option("--host <host>", "name or address of the server", "127.0.0.1")
    .option("--port <port>", "its UDP port", numberIn(1, 65_535), 1_474)
    .option("--server-key <file>", "its public key (PEM), as `sortie keygen` writes it")
    .option("--dangerously-trust-any-server", "without a key: take any server for the true one")
    .addOption(
      new Option("--matchmaker <url>", "asks it where to play, and for a token for each bot (examples/matchmaker)")
        // Places come with the server's key.
        .conflicts(SAID_BY_MATCHMAKER),
    )
    .option("--session <prefix>", "login of bot 0 is this and 0, and so on", "bot-")
    .option("--count <number>", "bots", numberIn(1, 1_024), 32)
    .option("--duration <seconds>", "time of play, 0 for ever", numberIn(0, 2_000_000, false), 15)
    .option("--json <file>", "write the summary to a file as JSON")
    .option("--quiet", "print nothing but failures")
    .option("--protocol <name>", "application protocol", ARENA_PROTOCOL)
    .option("--seed <number>", "of the bots' decisions", numberIn(0, 0xffff_ffff), 1);
}

/**
 * The server's public key. Without a file: undefined, when the server is on this machine or the options say that any
 * server will do. Throws Error, with what to do, otherwise.
 */
export async function readServerKey(options: CommandOptions): Promise<string | undefined> {
  const { serverKey, host, dangerouslyTrustAnyServer, matchmaker } = options;
  // Each place comes with its server's key.
  if (matchmaker !== undefined) return undefined;
  if (serverKey !== undefined) {
    return readFile(serverKey, "utf8").catch((error: NodeJS.ErrnoException) => {
      throw new Error(`cannot read the server's key "${serverKey}" (${error.code ?? error.message})`);
    });
  }
  if (dangerouslyTrustAnyServer === true || isLoopback(host)) return undefined;
  throw new Error(
    `"--server-key" is needed for ${host}: without it nobody can tell the server from an impostor ` +
      "(or take any server with --dangerously-trust-any-server)",
  );
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function numberIn(min: number, max: number, integer: boolean = true): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (!(value >= min && value <= max) || (integer && !Number.isInteger(value))) {
      throw new InvalidArgumentError(`Expected ${integer ? "an integer" : "a number"} in ${min}..${max}.`);
    }
    return value;
  };
}
