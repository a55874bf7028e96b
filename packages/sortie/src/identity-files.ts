import { mkdir, readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { CertificateError, withCertificates } from "@sortie/certificates";
import { checkOptionNames, type OptionNames } from "@sortie/connection";
import { type Identity, IdentityError } from "@sortie/handshake";
import { identityFromPem, identityToPem } from "@sortie/handshake/node";
import { createPair, replacePair } from "./file-pair.js";

/** Read and write for the owner alone. */
const PRIVATE_MODE = 0o600;
const PUBLIC_MODE = 0o644;
/** Permission bits of group and others. */
const SHARED_BITS = 0o077;

/** Where `saveIdentity` put the two halves. */
export interface IdentityFiles {
  readonly privateKeyPath: string;
  readonly publicKeyPath: string;
}

/** What goes with the key. */
export interface LoadIdentityOptions {
  /**
   * PEM file with the certificate for the key, as `sortie cert server` writes it, for clients that trust an authority;
   * certificates between it and the authority may follow in the file.
   */
  readonly certificate?: string;
}

/** @internal See `checkOptionNames`. */
export const LOAD_OPTION_NAMES: OptionNames<LoadIdentityOptions> = { certificate: true };
const SAVE_OPTION_NAMES: OptionNames<{ readonly force?: boolean }> = { force: true };

/**
 * The server's identity from a PEM file (PKCS#8, P-256), as `sortie keygen` writes it. Rejects with IdentityError for a
 * file that is missing or holds something else, with CertificateError for such a certificate. Warns when others than
 * its owner can read the file. Rejects with TypeError for bad options.
 */
export async function loadIdentity(path: string, options: LoadIdentityOptions = {}): Promise<Identity> {
  checkOptionNames(options, LOAD_OPTION_NAMES);
  checkCertificate(options.certificate);
  const identity = await loadKey(path);
  const { certificate } = options;
  return certificate === undefined ? identity : withCertificates(identity, await readCertificates(certificate));
}

/** @internal Where `saveIdentity` writes the public half of the key at `path`. */
export function publicPathOf(path: string): string {
  return path.endsWith(".key") ? `${path.slice(0, -4)}.pub` : `${path}.pub`;
}

/** @internal Throws TypeError for what names no file. */
export function checkCertificate(certificate: unknown): void {
  if (certificate === undefined || (typeof certificate === "string" && certificate !== "")) return;
  throw new TypeError(`"certificate" expected the name of a file, got ${nameOf(certificate)}`);
}

/** The text of a PEM file with certificates. Rejects with CertificateError when it cannot be read. */
export async function readCertificates(path: string): Promise<string> {
  return readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    const advice = `make one with "npx sortie cert"`;
    throw new CertificateError(
      "not-pem",
      `cannot read the certificate "${path}" (${error.code ?? "error"}): ${advice}`,
    );
  });
}

async function loadKey(path: string): Promise<Identity> {
  let pem: string;
  try {
    pem = await readFile(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "error";
    const advice = `make one with "npx sortie keygen"`;
    throw new IdentityError("not-pem", `cannot read the key file "${path}" (${code}): ${advice}`);
  }
  await warnIfShared(path);
  try {
    return identityFromPem(pem);
  } catch (error) {
    if (error instanceof IdentityError) throw new IdentityError(error.code, `${path}: ${error.message}`);
    throw error;
  }
}

/**
 * Writes an identity to `path` (private, mode 600) and to the same name with ".pub" for ".key" (public, mode 644).
 * Rejects with Error when one of the files is there, unless `force`, and with the system's error when one cannot be
 * written; the files are left as they were then, with `force` too. Rejects with TypeError for bad options.
 */
export async function saveIdentity(
  identity: Identity,
  path: string,
  options: { readonly force?: boolean } = {},
): Promise<IdentityFiles> {
  checkOptionNames(options, SAVE_OPTION_NAMES);
  const { force = false } = options as { readonly force?: unknown };
  if (typeof force !== "boolean") throw new TypeError(`"force" expected a boolean, got ${nameOf(force)}`);
  const publicKeyPath = publicPathOf(path);
  const { privateKeyPem, publicKeyPem } = identityToPem(identity);
  const privateFile = { path, text: privateKeyPem, mode: PRIVATE_MODE };
  const publicFile = { path: publicKeyPath, text: publicKeyPem, mode: PUBLIC_MODE };
  await mkdir(dirname(path), { recursive: true });
  // Never one without the other: a private key beside the public key of another pair would keep every client out. And a
  // public key can be made anew from the private one, but a private key that is lost can be had from nowhere.
  await (force ? replacePair : createPair)(privateFile, publicFile);
  return { privateKeyPath: path, publicKeyPath };
}

async function warnIfShared(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const { mode } = await stat(path);
  if ((mode & SHARED_BITS) === 0) return;
  process.emitWarning(`the key file "${path}" can be read by others than its owner: chmod 600 it`, {
    code: "SORTIE_SHARED_KEY_FILE",
  });
}

function nameOf(value: unknown): string {
  return value === null ? "null" : value === "" ? '""' : typeof value;
}
