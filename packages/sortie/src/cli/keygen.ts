import { Command } from "commander";
import { fingerprint } from "@sortie/handshake";
import { createNodeProvider, generateIdentity } from "@sortie/handshake/node";
import { writeIdentity } from "../identity-files.js";
import { jsonText } from "./json-text.js";

interface KeygenOptions {
  readonly force?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  $ sortie keygen                         keys/root.key for the server, keys/root.pub for its clients
  $ sortie keygen arena.key --force --json`;

/** `sortie keygen`: a key pair for a server, as two PEM files. */
export function keygenCommand(): Command {
  return new Command("keygen")
    .description("make a server's key pair: FILE for the server alone, and FILE with .pub for its clients")
    .argument("[file]", "file of the private key", "keys/root.key")
    .option("-f, --force", "overwrite files that are there")
    .option("--json", "print the result as JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (file: string, options: KeygenOptions) => {
      const identity = generateIdentity();
      const files = await writeIdentity(identity, file, options.force === true, "overwrite it with --force");
      const name = fingerprint(createNodeProvider(), identity.publicKey);
      if (options.json === true) console.log(jsonText({ ...files, fingerprint: name }));
      else {
        console.log(`private key  ${files.privateKeyPath}  (mode 600: keep it on the server)`);
        console.log(`public key   ${files.publicKeyPath}  (give it to clients as "serverKey")`);
        console.log(`fingerprint  ${name}`);
      }
    });
}
