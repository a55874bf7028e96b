import { Command } from "commander";
import { botsCommand } from "./bots/bots.js";
import { endWithReaders } from "./broken-pipe.js";
import { certCommand } from "./cert.js";
import { decodeCommand } from "./decode.js";
import { keygenCommand } from "./keygen.js";
import { pingCommand } from "./ping/ping.js";
import { proxyCommand } from "./proxy.js";
import { topCommand } from "./top/top.js";

const program = new Command("sortie")
  .description("Encrypted, reliable UDP for multiplayer games")
  .addCommand(keygenCommand())
  .addCommand(pingCommand())
  .addCommand(botsCommand())
  .addCommand(proxyCommand())
  .addCommand(topCommand())
  .addCommand(certCommand())
  .addCommand(decodeCommand())
  .showHelpAfterError();

endWithReaders([process.stdout, process.stderr]);
try {
  await program.parseAsync();
} catch (error) {
  console.error(`sortie: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
