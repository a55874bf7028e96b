import { readFileSync } from "node:fs";
import { Command } from "commander";
import { botsCommand } from "./bots/bots.js";
import { certCommand } from "./cert.js";
import { decodeCommand } from "./decode.js";
import { keygenCommand } from "./keygen.js";
import { pingCommand } from "./ping/ping.js";
import { proxyCommand } from "./proxy.js";
import { topCommand } from "./top/top.js";

/** The package's, as far above the built file as above this one. */
const MANIFEST = new URL("../../package.json", import.meta.url);

/** `sortie` with all its commands. */
export function sortieProgram(): Command {
  const { version } = JSON.parse(readFileSync(MANIFEST, "utf8")) as { version: string };
  return new Command("sortie")
    .description("Encrypted, reliable UDP for multiplayer games")
    .version(version, "-V, --version", "print the release: both sides of a connection should have the same")
    .addCommand(keygenCommand())
    .addCommand(pingCommand())
    .addCommand(botsCommand())
    .addCommand(proxyCommand())
    .addCommand(topCommand())
    .addCommand(certCommand())
    .addCommand(decodeCommand())
    .showHelpAfterError();
}
