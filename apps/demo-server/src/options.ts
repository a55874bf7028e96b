import { MAX_PLAYERS } from "@sortie-apps/arena";
import { Command, InvalidArgumentError, Option } from "commander";
import type { LogLevel } from "sortie";

const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"];

/** What the command line says. */
export interface DemoServerOptions {
  readonly port: number;
  readonly host?: string;
  /** File with the private key in PEM. */
  readonly key?: string;
  /** File with the certificate for the key in PEM. */
  readonly certificate?: string;
  /** File or URL of the public keys (JWKS) of the backend that issues connect tokens; undefined: all may come. */
  readonly tokenKeys?: string;
  /** Name of this server in tokens. */
  readonly audience: string;
  /** File with addresses and ranges that are kept out. */
  readonly blocked?: string;
  readonly tickRate: number;
  readonly maxPeers: number;
  readonly quiet?: boolean;
  /** s; 0: until a signal comes. */
  readonly duration: number;
  /** TCP port of the dashboard on this machine, 0 for any free one; undefined: none. */
  readonly dashboard?: number;
  /** Where it listens; others than this machine's need the token. */
  readonly dashboardHost: string;
  /** File with the dashboard's bearer token; undefined: one is made for this run. */
  readonly dashboardTokenFile?: string;
  /** s that players have to leave when the server is told to end. */
  readonly leave: number;
  /** Runs under Agones: tells its sidecar, and ends when that says so. */
  readonly agones?: boolean;
  /** Counter of the GameServer for the number of players. */
  readonly agonesCounter?: string;
  /** What is logged, from this level on. */
  readonly log: LogLevel | "silent";
  /** Log lines are JSON objects. */
  readonly logJson?: boolean;
  /** Of the world; undefined: another one with each start. */
  readonly seed?: number;
}

/** Options that say how something is done, and the one that says that it is done at all. */
const NEEDS: readonly (readonly [option: keyof DemoServerOptions, needs: keyof DemoServerOptions])[] = [
  ["certificate", "key"],
  ["audience", "tokenKeys"],
  ["dashboardHost", "dashboard"],
  ["dashboardTokenFile", "dashboard"],
  ["agonesCounter", "agones"],
];

/** Reads the command line; ends the process with a message when it is wrong. */
export function parseOptions(argv: readonly string[], command: Command = createCommand()): DemoServerOptions {
  command.parse([...argv]);
  for (const [option, needed] of NEEDS) {
    // A default says nothing of what the user wants.
    if (command.getOptionValueSource(option) !== "cli" || command.getOptionValue(needed) !== undefined) continue;
    command.error(`error: option '${flagsOf(command, option)}' expected '${flagsOf(command, needed)}' beside it`);
  }
  return command.opts<DemoServerOptions>();
}

function flagsOf(command: Command, name: string): string {
  return command.options.find((option) => option.attributeName() === name)?.flags ?? name;
}

/** The command line, before it has read anything. */
export function createCommand(): Command {
  return new Command("arena-server")
    .description("a small authoritative arena game")
    .option("--port <port>", "UDP port, 0 for any free one", numberIn(0, 65_535), 1_474)
    .option("--host <host>", "local address (default: all, IPv6 and IPv4)")
    .option("--key <file>", "private key (PEM), as `sortie keygen` writes it (default: a throw-away one)")
    .option("--certificate <file>", "certificate for the key (PEM), as `sortie cert server` writes it; again on SIGHUP")
    .option(
      "--token-keys <source>",
      "let in who has a token by these keys only: file or URL of a JWKS; again on SIGHUP",
    )
    .option("--audience <name>", "name of this server in tokens", "arena")
    .option("--blocked <file>", "keep out the addresses and ranges in it, one a line, # for comments; again on SIGHUP")
    .option("--tick-rate <rate>", "ticks per second", numberIn(1, 240), 60)
    .option("--max-peers <number>", "players at once", numberIn(1, MAX_PLAYERS), 256)
    .option("--dashboard <port>", "show metrics in a browser on this machine, 0 for any free port", numberIn(0, 65_535))
    .option("--dashboard-host <host>", "address that the dashboard listens at", "127.0.0.1")
    .option("--dashboard-token-file <file>", "its bearer token, 16 characters or more (default: one for this run)")
    .option("--quiet", "print nothing but where it listens, the dashboard's link if its token is new, and errors")
    .option("--duration <seconds>", "time to run, 0 for ever", numberIn(0, 2_000_000, false), 0)
    .option("--leave <seconds>", "time for players to leave when it is told to end", numberIn(0, 3_600, false), 0)
    .option("--agones", "run under Agones: ready, health, drain on shutdown")
    .option("--agones-counter <name>", "counter of the GameServer for the number of players")
    .addOption(new Option("--log <level>", "what is logged").choices(LOG_LEVELS).default("error"))
    .option("--log-json", "log and print as JSON, a line each, for machines")
    .option("--seed <number>", "of the world (default: random)", numberIn(0, 0xffff_ffff));
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
