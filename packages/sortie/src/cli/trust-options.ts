import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import type { ClientOptions } from "../connect.js";
import { readCertificates } from "../identity-files.js";

/** How the command line says whom to trust, and what the server is told. */
export interface TrustOptions {
  readonly key?: string;
  readonly ca?: string;
  readonly hostname?: string;
  readonly dangerouslyTrustAnyServer?: boolean;
  readonly protocol?: string;
  readonly payload?: string;
}

/** Adds the options. */
export function addTrustOptions(command: Command): Command {
  return command
    .option("--protocol <name>", "the application protocol, as the server's `protocol` option")
    .option("--key <file>", "the server's public key (PEM), as `sortie keygen` writes it")
    .option("--ca <file>", "certificates of the authorities to trust, instead of a key")
    .option("--hostname <name>", "with --ca: whom the certificate must name (default: the host)")
    .option("--dangerously-trust-any-server", "instead of a key: whoever answers is taken for the server")
    .option("--payload <text>", "what the server's `authenticate` gets; @FILE: the bytes of a file");
}

/** Whether the options say whom to trust, so that a connection can be made. */
export function namesTrust({ key, ca, dangerouslyTrustAnyServer }: TrustOptions): boolean {
  return key !== undefined || ca !== undefined || dangerouslyTrustAnyServer === true;
}

/** What a client needs of them. Throws Error that says which option is missing, too many, or names no readable file. */
export async function readTrust(
  options: TrustOptions,
): Promise<Pick<ClientOptions, "protocol" | "serverKey" | "trust" | "dangerouslyTrustAnyServer" | "payload">> {
  const { key, ca, hostname, dangerouslyTrustAnyServer, protocol, payload } = options;
  if (protocol === undefined) throw new Error('"--protocol" expected the name that the server has, got nothing');
  const named = [key, ca, dangerouslyTrustAnyServer === true ? true : undefined].filter((each) => each !== undefined);
  if (named.length !== 1) {
    const got = named.length === 0 ? "none" : `${named.length} of them`;
    throw new Error(`expected one of "--key", "--ca" and "--dangerously-trust-any-server", got ${got}`);
  }
  if (hostname !== undefined && ca === undefined) throw new Error('"--hostname" expected to stand with "--ca"');
  return {
    protocol,
    ...(payload === undefined ? {} : { payload: await readPayload(payload) }),
    ...(key === undefined ? {} : { serverKey: await readPublicKey("--key", key) }),
    ...(ca === undefined
      ? {}
      : { trust: { ca: await readCertificates(ca), ...(hostname === undefined ? {} : { hostname }) } }),
    ...(dangerouslyTrustAnyServer === true ? { dangerouslyTrustAnyServer } : {}),
  };
}

/** PEM text of a server's public key, by the option that names its file. Rejects with Error for a private one. */
export async function readPublicKey(option: string, path: string): Promise<string> {
  const pem = await readText(path, "the server's public key");
  if (pem.includes("PRIVATE KEY")) {
    throw new Error(`"${option}" expected the server's public key, got a private one in "${path}": take the .pub file`);
  }
  return pem;
}

async function readPayload(text: string): Promise<string | Uint8Array> {
  if (!text.startsWith("@")) return text;
  const path = text.slice(1);
  return readFile(path).catch((error: NodeJS.ErrnoException) => fail(path, "the payload", error));
}

function readText(path: string, what: string): Promise<string> {
  return readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => fail(path, what, error));
}

function fail(path: string, what: string, error: NodeJS.ErrnoException): never {
  throw new Error(`cannot read ${what} "${path}" (${error.code ?? error.message})`, { cause: error });
}
