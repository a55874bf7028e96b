import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { CertificateError, judgeOwnCertificates, withCertificates } from "@sortie/certificates";
import { checkIdentity, checkOptionNames, containRejection, describeKind, type OptionNames } from "@sortie/connection";
import { type CertificateFailure, type Identity, IdentityError } from "@sortie/handshake";
import { identityFromPem, identityToPem } from "@sortie/handshake/node";
import { createPair, replacePair } from "./file-pair.js";
import { warnIfShared } from "./shared-key-file.js";

/** Read and write for the owner alone. */
const PRIVATE_MODE = 0o600;
const PUBLIC_MODE = 0o644;

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
  readonly certificate?: string | undefined;
}

/** @internal See `checkOptionNames`. */
export const LOAD_OPTION_NAMES: OptionNames<LoadIdentityOptions> = { certificate: true };
const SAVE_OPTION_NAMES: OptionNames<{ readonly force?: boolean | undefined }> = { force: true };

/**
 * The server's identity from a PEM file (PKCS#8, P-256), as `sortie keygen` writes it. Rejects with IdentityError for a
 * file that is missing or holds something else, with CertificateError for such a certificate; where a file cannot be
 * read, their `code` is "unreadable" and their `cause` the system's error ("ENOENT" in its `code` for one that is
 * missing). Warns when others than this server can read a private key, and where clients refuse the certificate, as one
 * that has expired: clients that pin the key come in all the same. Rejects with TypeError for bad options and for what
 * names no file, such as the PEM text itself, which is never shown.
 */
export async function loadIdentity(path: string, options: LoadIdentityOptions = {}): Promise<Identity> {
  checkPath("path", path);
  checkOptionNames(options, LOAD_OPTION_NAMES);
  checkCertificate(options.certificate);
  const identity = await readIdentity(path, options, readText);
  const failure = judgeOwnCertificates(identity, Date.now())?.failure;
  if (failure !== undefined) {
    process.emitWarning(unusable(options.certificate, failure), { code: "SORTIE_UNUSABLE_CERTIFICATE" });
  }
  return identity;
}

/** @internal Why clients refuse the certificate of a file, in words for its owner. */
export function unusable(path: string | undefined, { code, text }: CertificateFailure): string {
  return `clients that trust an authority refuse the certificate "${path}" (${code}): ${text}`;
}

/** How the text of a file is got. */
type ReadText = (path: string) => Promise<string>;

const readText: ReadText = (path) => readFile(path, "utf8");

/** @internal `loadIdentity` for what was checked. */
export async function readIdentity(
  path: string,
  { certificate }: LoadIdentityOptions,
  read: ReadText,
): Promise<Identity> {
  const identity = await loadKey(path, read);
  if (certificate === undefined) return identity;
  const pem = await readCertificates(certificate, read);
  try {
    return withCertificates(identity, pem);
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    throw Object.assign(new CertificateError(error.code, unfit(certificate, path, error)), { cause: error });
  }
}

/** Why a certificate does not go with the key, by the names that its owner gave: the text is nobody's "pem". */
function unfit(certificate: string, key: string, { code, message }: CertificateError): string {
  const why = message.replace(/^"pem" /, "").replace("the identity's key", () => `the key "${key}"`);
  return `cannot use the certificate "${certificate}" (${code}): ${why}`;
}

/** @internal Where `saveIdentity` writes the public half of the key at `path`. */
export function publicPathOf(path: string): string {
  return path.endsWith(".key") ? `${path.slice(0, -4)}.pub` : `${path}.pub`;
}

/** @internal Throws TypeError for what names no file. */
export function checkCertificate(certificate: unknown): void {
  if (certificate !== undefined) checkPath("certificate", certificate);
}

/**
 * @internal Throws TypeError for what names no file, without a word of it: who gives a key in the place of its path
 * must not find it in a log.
 */
export function checkPath(label: string, path: unknown): void {
  const isText = typeof path === "string";
  const isPem = isText && (path.includes("-----BEGIN") || /[\r\n]/.test(path));
  if (isText && path !== "" && !isPem) return;
  containRejection(path);
  const got = isPem ? "PEM text" : path === "" ? '""' : describeKind(path);
  throw new TypeError(`"${label}" expected the name of a file, got ${got}`);
}

/** The text of a PEM file with certificates. Rejects with CertificateError when it cannot be read. */
export async function readCertificates(path: string, read: ReadText = readText): Promise<string> {
  return read(path).catch((cause: NodeJS.ErrnoException) => {
    const message = unreadable("certificate", path, cause, "npx sortie cert server");
    throw Object.assign(new CertificateError("unreadable", message), { cause });
  });
}

function unreadable(what: string, path: string, { code, message }: NodeJS.ErrnoException, command: string): string {
  const advice = code === "ENOENT" ? `: there is no such file, make one with "${command}"` : "";
  return `cannot read the ${what} "${path}" (${code ?? message})${advice}`;
}

async function loadKey(path: string, read: ReadText): Promise<Identity> {
  let pem: string;
  try {
    pem = await read(path);
  } catch (cause) {
    const message = unreadable("key file", path, cause as NodeJS.ErrnoException, "npx sortie keygen");
    throw Object.assign(new IdentityError("unreadable", message), { cause });
  }
  try {
    const identity = identityFromPem(pem);
    // Not before: everybody may read a public key.
    await warnIfShared(path);
    return identity;
  } catch (error) {
    if (error instanceof IdentityError) throw new IdentityError(error.code, `${path}: ${error.message}`);
    throw error;
  }
}

/**
 * Writes an identity to `path` (private, mode 600) and to the same name with ".pub" for ".key" (public, mode 644).
 * Rejects with Error when one of the files is there, unless `force`, and with the system's error when one cannot be
 * written; the files are left as they were then, with `force` too. Rejects with TypeError for bad arguments, and with
 * RangeError for a `path` that ends in ".pub".
 */
export async function saveIdentity(
  identity: Identity,
  path: string,
  options: { readonly force?: boolean | undefined } = {},
): Promise<IdentityFiles> {
  checkIdentity(identity);
  checkPath("path", path);
  checkOptionNames(options, SAVE_OPTION_NAMES);
  const { force = false } = options as { readonly force?: unknown };
  if (typeof force !== "boolean") throw new TypeError(`"force" expected a boolean, got ${describeKind(force)}`);
  return writeIdentity(identity, path, force, "overwrite it with { force: true }");
}

/** @internal `saveIdentity` for callers who are told something else to do about files that are there. */
export async function writeIdentity(
  identity: Identity,
  path: string,
  force: boolean,
  otherwise: string,
): Promise<IdentityFiles> {
  checkPrivateName(path);
  const publicKeyPath = publicPathOf(path);
  const { privateKeyPem, publicKeyPem } = identityToPem(identity);
  const privateFile = { path, text: privateKeyPem, mode: PRIVATE_MODE };
  const publicFile = { path: publicKeyPath, text: publicKeyPem, mode: PUBLIC_MODE };
  await mkdir(dirname(path), { recursive: true });
  // Never one without the other: a private key beside the public key of another pair would keep every client out. And a
  // public key can be made anew from the private one, but a private key that is lost can be had from nowhere.
  await (force ? replacePair(privateFile, publicFile) : createPair(privateFile, publicFile, otherwise));
  return { privateKeyPath: path, publicKeyPath };
}

/** Throws RangeError: what has a public key's name is handed out, copied and committed. */
function checkPrivateName(path: string): void {
  if (!/\.pub$/i.test(path)) return;
  const instead = `such as "${path.replace(/\.pub$/i, ".key")}" with the public key beside it`;
  throw new RangeError(`"path" expected a name for the private key, ${instead}, got "${path}"`);
}
