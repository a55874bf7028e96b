import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { botsCommand } from "../src/cli/bots/bots.js";
import { certCommand } from "../src/cli/cert.js";
import { decodeCommand } from "../src/cli/decode.js";
import { keygenCommand } from "../src/cli/keygen.js";
import { pingCommand } from "../src/cli/ping/ping.js";
import { proxyCommand } from "../src/cli/proxy.js";
import { topCommand } from "../src/cli/top/top.js";

const TOP_LEVEL = [botsCommand, certCommand, decodeCommand, keygenCommand, pingCommand, proxyCommand, topCommand];

/** Every command with its full name, subcommands included. */
function allCommands(): [string, Command][] {
  return TOP_LEVEL.flatMap((create): [string, Command][] => {
    const command = create();
    return [
      [command.name(), command],
      ...command.commands.map((each): [string, Command] => [`${command.name()} ${each.name()}`, each]),
    ];
  });
}

/** What `--help` prints. */
function helpOf(command: Command): string {
  let text = "";
  const settings = { getOutHelpWidth: () => 200, writeOut: (part: string) => void (text += part) };
  command.configureOutput(settings).outputHelp();
  return text;
}

describe("the help of every command", () => {
  it("is of all there are", () => {
    expect(allCommands().length).toBe(10);
  });

  it.each(allCommands())("%s has examples, each of that command", (name, command) => {
    const [, examples = ""] = helpOf(command).split("\nExamples:\n");
    const lines = examples.split("\n").filter((line) => line.startsWith("  $ "));
    expect(lines).not.toEqual([]);
    expect(lines.filter((line) => line.includes(`sortie ${name}`))).not.toEqual([]);
  });

  it.each(allCommands())("%s tells defaults as they are written on a command line", (_name, command) => {
    expect(helpOf(command)).not.toMatch(/default: (\{|\[|""|undefined|null)/);
  });

  it("bots tells the size of messages in bytes", () => {
    expect(helpOf(botsCommand())).toMatch(/--size <bytes> .*\(default: 64\)/);
  });
});
