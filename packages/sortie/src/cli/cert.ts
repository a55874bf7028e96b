import { readFile } from "node:fs/promises";
import {
  type CertificateSummary,
  describeCertificates,
  issueAuthority,
  issueServerCertificate,
} from "@sortie/certificates";
import { type Identity, IdentityError, parsePublicKey } from "@sortie/handshake";
import { generateIdentity } from "@sortie/handshake/node";
import { Command, InvalidArgumentError, Option } from "commander";
import { loadIdentity, publicPathOf, readCertificates, writeIdentity } from "../identity-files.js";
import { expectFileOfItsOwn, writeCertificate } from "./certificate-file.js";
import { jsonText } from "./json-text.js";
import { printable } from "./printable.js";
import { readPublicKey } from "./trust-options.js";

interface OutputOptions {
  readonly force?: boolean;
  readonly json?: boolean;
}

interface RootOptions extends OutputOptions {
  readonly name: string;
  readonly days: number;
  readonly key: string;
  readonly out: string;
}

interface ServerOptions extends OutputOptions {
  readonly host: string[];
  readonly days: number;
  readonly ca: string;
  readonly caKey: string;
  readonly key: string;
  readonly publicKey?: string;
  readonly out: string;
}

const EXAMPLES = `
Examples:
  $ sortie cert root --name "My game"
  $ sortie cert server --host game.example 203.0.113.7 --days 30
  $ sortie cert server --host game.example 203.0.113.7 --force      renews it
  $ sortie cert show keys/server.crt --json`;

const ROOT_EXAMPLES = `
Examples:
  $ sortie cert root --name "My game"                     keys/ca.key, kept secret, and keys/ca.crt for clients
  $ sortie cert root --key safe/ca.key --out ca.crt --days 1825
  $ sortie cert root --name "My game" --force --json      renews the certificate; key and name stay`;

const SERVER_EXAMPLES = `
Examples:
  $ sortie cert server --host game.example 203.0.113.7    keys/server.key and keys/server.crt
  $ sortie cert server --host game.example 203.0.113.7 --force      renews the certificate; the key stays
  $ sortie cert server --host eu.game.example --key eu.key --out eu.crt --days 90 --json
  $ sortie cert server --host game.example --public-key server.pub  where the authority is: both keys stay at home`;

const SHOW_EXAMPLES = `
Examples:
  $ sortie cert show keys/server.crt
  $ sortie cert show keys/ca.crt --json`;

/** `sortie cert`: a private authority, certificates for servers, and a look into a file. */
export function certCommand(): Command {
  return new Command("cert")
    .description("certificates: a private authority and its servers, instead of pinned keys")
    .addCommand(rootCommand())
    .addCommand(serverCommand())
    .addCommand(showCommand())
    .addHelpText("after", EXAMPLES);
}

function rootCommand(): Command {
  return new Command("root")
    .description("make a private authority: clients get its certificate as trust.ca")
    .option("--name <text>", "what people read in it", "Sortie private authority")
    .option("--days <n>", "how long it is good", daysOf, 3650)
    .option("--key <file>", "its private key, made if it is not there", "keys/ca.key")
    .option("--out <file>", "its certificate", "keys/ca.crt")
    .option("-f, --force", "overwrite the certificate")
    .option("--json", "print the result as JSON")
    .addHelpText("after", ROOT_EXAMPLES)
    .action(async ({ name, days, key, out, ...output }: RootOptions) => {
      await expectFileOfItsOwn(out, keyFiles("--key", key));
      const identity = await loadOrMakeKey(key);
      await write(out, issueAuthority({ key: identity, name, days }), output);
    });
}

function serverCommand(): Command {
  return new Command("server")
    .description("make or renew a server's certificate; a running server takes it by server.setIdentity()")
    .requiredOption("--host <name...>", "names and IP addresses of the server, one or more")
    .option("--days <n>", "how long it is good", daysOf, 30)
    .option("--ca <file>", "the authority's certificate", "keys/ca.crt")
    .option("--ca-key <file>", "the authority's private key", "keys/ca.key")
    .option("--key <file>", "the server's private key, made if it is not there", "keys/server.key")
    .addOption(
      new Option(
        "--public-key <file>",
        "instead of --key: the server's public key (PEM), as `sortie keygen` writes it",
      ).conflicts("key"),
    )
    .option("--out <file>", "the server's certificate", "keys/server.crt")
    .option("-f, --force", "overwrite the certificate: this renews it")
    .option("--json", "print the result as JSON")
    .addHelpText("after", SERVER_EXAMPLES)
    .action(async ({ host, days, ca, caKey, key, publicKey: publicPath, out, ...output }: ServerOptions) => {
      await expectFileOfItsOwn(out, {
        '"--ca"': ca,
        ...keyFiles("--ca-key", caKey),
        ...(publicPath === undefined ? keyFiles("--key", key) : { '"--public-key"': publicPath }),
      });
      const authority = await readCertificates(ca);
      const authorityKey = await loadIdentity(caKey);
      const publicKey =
        publicPath === undefined ? (await loadOrMakeKey(key)).publicKey : await loadPublicKey(publicPath);
      await write(out, issueServerCertificate({ authority, authorityKey, publicKey, hostnames: host, days }), output);
    });
}

function showCommand(): Command {
  return new Command("show")
    .description("say what stands in a certificate file")
    .argument("<file>", "PEM file")
    .option("--json", "print the result as JSON")
    .addHelpText("after", SHOW_EXAMPLES)
    .action(async (file: string, { json }: OutputOptions) => {
      const summaries = describeCertificates(await readCertificates(file));
      if (json === true) console.log(jsonText(summaries));
      else for (const summary of summaries) print(summary);
    });
}

async function write(path: string, pem: string, { force, json }: OutputOptions): Promise<void> {
  await writeCertificate(path, pem, force === true);
  const [summary] = describeCertificates(pem) as [CertificateSummary];
  if (json === true) console.log(jsonText({ path, ...summary }));
  else {
    console.log(`certificate  ${path}`);
    print(summary);
  }
}

function print({ subject, issuer, names, notBefore, notAfter, isAuthority, fingerprint256 }: CertificateSummary): void {
  // Whoever made the certificate chose these.
  console.log(`subject      ${printable(subject)}${isAuthority ? "  (an authority)" : ""}`);
  console.log(`issuer       ${printable(issuer)}`);
  if (names !== undefined) console.log(`names        ${printable(names)}`);
  console.log(`valid        ${notBefore.toISOString()} to ${notAfter.toISOString()}`);
  console.log(`fingerprint  ${fingerprint256}`);
}

/** A private key's file and that of its public half, by the option that names them. */
function keyFiles(option: string, path: string): Record<string, string> {
  return { [`"${option}"`]: path, [`the public half of "${option}"`]: publicPathOf(path) };
}

async function loadOrMakeKey(path: string): Promise<Identity> {
  const isThere = await readFile(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== "ENOENT",
  );
  if (!isThere) await writeIdentity(generateIdentity(), path, false, "move it away");
  return loadIdentity(path);
}

/** Rejects with Error for what holds no public key. */
async function loadPublicKey(path: string): Promise<Uint8Array> {
  const pem = await readPublicKey("--public-key", path);
  try {
    return parsePublicKey(pem);
  } catch (error) {
    if (error instanceof IdentityError) throw new IdentityError(error.code, `${path}: ${error.message}`);
    throw error;
  }
}

function daysOf(text: string): number {
  const days = Number(text);
  if (!Number.isInteger(days)) throw new InvalidArgumentError(`expected a whole number of days, got "${text}"`);
  return days;
}
