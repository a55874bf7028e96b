import { createHash, createPrivateKey, createPublicKey, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate as AsnCertificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_serverAuth,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
} from "@peculiar/asn1-x509";
import { type Identity, publicKeyToPem } from "@sortie/handshake";
import { identityToPem } from "@sortie/handshake/node";
import { CertificateError } from "./certificate-error.js";
import { checkIdentity, checkOptions, kindOf } from "./option-checks.js";
import { certificateToPem, parseCertificates } from "./pem.js";

const DAY_MS = 86_400_000;
/** ms before now at which a certificate starts: clocks of clients that are behind. */
const BACKDATE_MS = 3_600_000;
/** bytes. Serial numbers are random: 127 bits cannot meet (RFC 5280 section 4.1.2.2 allows 20). */
const SERIAL_BYTES = 16;
/** bytes of SHA-256 that name a key (RFC 7093 section 2, method 1). */
const KEY_ID_BYTES = 20;
const ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
const COMMON_NAME = "2.5.4.3";
/** Characters of a common name (RFC 5280, ub-common-name). */
const MAX_NAME_CHARACTERS = 64;
const MAX_HOSTNAMES = 16;
const MAX_DAYS = 36_500;
/** ms since 1970 of the year 9000. */
const LATEST_NOW_MS: number = Date.UTC(9000);

/** Options of {@link issueAuthority}. */
export interface AuthorityOptions {
  /** The authority's key: for nothing else, and better kept off the game server. */
  readonly key: Identity;
  /** 1..64 characters. */
  readonly name: string;
  /** 1..36,500. Default 3650. */
  readonly days?: number | undefined;
  /** ms since 1970. Default: the system's date. */
  readonly now?: (() => number) | undefined;
}

const AUTHORITY_NAMES: Readonly<Record<keyof AuthorityOptions, true>> = {
  key: true,
  name: true,
  days: true,
  now: true,
};

/**
 * A certificate of a private authority for itself, as PEM: what clients get as `ca`. Throws TypeError, RangeError or
 * IdentityError for bad options.
 */
export function issueAuthority(options: AuthorityOptions): string {
  checkOptions(options, AUTHORITY_NAMES);
  const { key, name, days = 3650, now = Date.now } = options;
  checkIdentity("key", key);
  expectName("name", name);
  expectDays(days);
  const subject = nameOf(name);
  return issue({
    subject,
    issuer: subject,
    publicKey: key.publicKey,
    signer: key,
    validity: validityOf(days, now),
    extensions: [
      extension(id_ce_basicConstraints, true, new BasicConstraints({ cA: true, pathLenConstraint: 0 })),
      extension(id_ce_keyUsage, true, new KeyUsage(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign)),
      extension(id_ce_subjectKeyIdentifier, false, new SubjectKeyIdentifier(keyId(key.publicKey))),
    ],
  });
}

/** Options of {@link issueServerCertificate}. */
export interface ServerCertificateOptions {
  /** The authority's certificate, PEM. */
  readonly authority: string;
  /** Its key. */
  readonly authorityKey: Identity;
  /** The server's public key, 65 bytes: the private one can stay where it is. */
  readonly publicKey: Uint8Array;
  /** Names and IP addresses of the server, 1..16: what clients give as `hostname`. "*.example.com" is one level. */
  readonly hostnames: readonly string[];
  /** 1..36,500. Default 30: nobody asks for revocations, so renew often. */
  readonly days?: number | undefined;
  /** ms since 1970. Default: the system's date. */
  readonly now?: (() => number) | undefined;
}

const SERVER_NAMES: Readonly<Record<keyof ServerCertificateOptions, true>> = {
  authority: true,
  authorityKey: true,
  publicKey: true,
  hostnames: true,
  days: true,
  now: true,
};

/**
 * A server's certificate by a private authority, as PEM; about 450 bytes with one name. Throws CertificateError where
 * the authority's certificate or key is wrong, IdentityError for a public key that is none, TypeError or RangeError for
 * other bad options.
 */
export function issueServerCertificate(options: ServerCertificateOptions): string {
  checkOptions(options, SERVER_NAMES);
  const { authorityKey, publicKey, hostnames, days = 30, now = Date.now } = options;
  checkIdentity("authorityKey", authorityKey);
  expectPublicKey(publicKey);
  const [authority] = parseCertificates("authority", options.authority);
  if (authority === undefined || !authority.isAuthority) {
    const got = authority?.label ?? "none";
    throw new CertificateError(
      "not-an-authority",
      `"authority" expected a certificate that may issue others, got ${got}`,
    );
  }
  if (!authority.p256Key?.every((byte, i) => byte === authorityKey.publicKey[i])) {
    throw new CertificateError("wrong-key", `"authorityKey" expected the key of ${authority.label}, got another one`);
  }
  expectHostnames(hostnames);
  expectDays(days);
  const validity = validityOf(days, now);
  if (validity.notAfter.getTime().getTime() > authority.notAfterMs) {
    const until = new Date(authority.notAfterMs).toISOString();
    throw new RangeError(`"days" expected an end before that of the authority (${until}), got ${days}`);
  }
  const first = hostnames[0] as string;
  const { subject: issuer, extensions: ofAuthority = [] } = AsnConvert.parse(
    authority.der,
    AsnCertificate,
  ).tbsCertificate;
  const pem = issue({
    // The common name counts for nothing; it is what people see.
    subject: nameOf(first.slice(0, MAX_NAME_CHARACTERS)),
    issuer,
    publicKey,
    signer: authorityKey,
    validity,
    extensions: [
      extension(id_ce_keyUsage, true, new KeyUsage(KeyUsageFlags.digitalSignature)),
      extension(id_ce_extKeyUsage, false, new ExtendedKeyUsage([id_kp_serverAuth])),
      extension(id_ce_subjectAltName, false, new SubjectAlternativeName(hostnames.map(generalName))),
      ...authorityId(ofAuthority),
    ],
  });
  // An authority that other software made may have its ways: better known here than by every client.
  const [issued] = parseCertificates("certificate", pem);
  if (issued?.isIssuedBy(authority) !== true) {
    const expected = `"authority" expected one that clients believe for what it issues, got ${authority.label}`;
    throw new CertificateError("not-an-authority", `${expected}: its key usage, or another extension, forbids it`);
  }
  return pem;
}

interface Contents {
  readonly subject: Name;
  readonly issuer: Name;
  readonly publicKey: Uint8Array;
  readonly signer: Identity;
  readonly validity: Validity;
  readonly extensions: Extension[];
}

function issue({ subject, issuer, publicKey, signer, validity, extensions }: Contents): string {
  const signatureAlgorithm = new AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA256 });
  const spki = createPublicKey(publicKeyToPem(publicKey)).export({ type: "spki", format: "der" });
  const tbsCertificate = new TBSCertificate({
    version: 2, // X.509 v3
    serialNumber: serialNumber(),
    signature: signatureAlgorithm,
    issuer,
    validity,
    subject,
    subjectPublicKeyInfo: AsnConvert.parse(spki, SubjectPublicKeyInfo),
    extensions: new Extensions(extensions),
  });
  const key = createPrivateKey(identityToPem(signer).privateKeyPem);
  const signature = sign("sha256", new Uint8Array(AsnConvert.serialize(tbsCertificate)), key);
  const certificate = new AsnCertificate({
    tbsCertificate,
    signatureAlgorithm,
    signatureValue: new Uint8Array(signature).buffer,
  });
  return certificateToPem(new Uint8Array(AsnConvert.serialize(certificate)));
}

/** Positive, and of full length: the highest bit is clear, the one below set. */
function serialNumber(): ArrayBuffer {
  const bytes = new Uint8Array(randomBytes(SERIAL_BYTES));
  bytes[0] = ((bytes[0] as number) & 0x3f) | 0x40;
  return bytes.buffer;
}

function extension(extnID: string, critical: boolean, value: object): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

function nameOf(commonName: string): Name {
  const value = new AttributeValue({ utf8String: commonName });
  return new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type: COMMON_NAME, value })])]);
}

function generalName(hostname: string): GeneralName {
  if (isIP(hostname) === 0) return new GeneralName({ dNSName: hostname });
  return new GeneralName({ iPAddress: isIP(hostname) === 4 ? hostname : hexadecimal(hostname) });
}

/** An IPv6 address without a dotted end, which the encoder would take for hexadecimal digits. */
function hexadecimal(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

function keyId(publicKey: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash("sha256").update(publicKey).digest().subarray(0, KEY_ID_BYTES));
}

/** The authority's key by the name that its certificate gives it, by SHA-1 mostly; none where it gives none. */
function authorityId(ofAuthority: readonly Extension[]): Extension[] {
  const own = ofAuthority.find(({ extnID }) => extnID === id_ce_subjectKeyIdentifier);
  if (own === undefined) return [];
  const { buffer } = AsnConvert.parse(own.extnValue, SubjectKeyIdentifier);
  const id = new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(buffer) });
  return [extension(id_ce_authorityKeyIdentifier, false, id)];
}

function validityOf(days: number, now: () => unknown): Validity {
  const nowMs = now();
  // A date of X.509 has four digits for the year (RFC 5280 section 4.1.2.5), and notAfter is to have a later one yet.
  if (typeof nowMs !== "number" || !(nowMs >= 0 && nowMs <= LATEST_NOW_MS)) {
    throw new RangeError(`"now" expected ms since 1970 in 0..${LATEST_NOW_MS}, got ${String(nowMs)}`);
  }
  // Whole seconds are all that X.509 has.
  const startMs = Math.floor((nowMs - BACKDATE_MS) / 1000) * 1000;
  return new Validity({ notBefore: new Date(startMs), notAfter: new Date(startMs + BACKDATE_MS + days * DAY_MS) });
}

function expectDays(days: number): void {
  if (typeof days === "number" && days >= 1 && days <= MAX_DAYS) return;
  throw new RangeError(`"days" expected a number in 1..${MAX_DAYS}, got ${String(days)}`);
}

function expectPublicKey(publicKey: unknown): void {
  if (publicKey instanceof Uint8Array) return;
  throw new TypeError(`"publicKey" expected the server's public key as bytes, got ${kindOf(publicKey)}`);
}

function expectName(label: string, name: string): void {
  if (typeof name === "string" && name.length >= 1 && name.length <= MAX_NAME_CHARACTERS) return;
  const got = typeof name === "string" ? `${name.length} characters` : typeof name;
  throw new RangeError(`"${label}" expected a text of 1..${MAX_NAME_CHARACTERS} characters, got ${got}`);
}

/** Host names as RFC 1123 has them, in which a first label may be a wildcard; or IP addresses. */
const HOSTNAME = /^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

function expectHostnames(hostnames: readonly string[]): void {
  if (!Array.isArray(hostnames) || hostnames.length < 1 || hostnames.length > MAX_HOSTNAMES) {
    const got = Array.isArray(hostnames) ? hostnames.length : typeof hostnames;
    throw new RangeError(`"hostnames" expected 1..${MAX_HOSTNAMES} names, got ${got}`);
  }
  for (const name of hostnames as readonly unknown[]) {
    if (typeof name === "string" && name.length <= 253 && (isAddress(name) || HOSTNAME.test(name))) continue;
    throw new RangeError(
      `"hostnames" expected host names or IP addresses, got ${typeof name === "string" ? JSON.stringify(name) : typeof name}`,
    );
  }
}

/** A zone is of one machine alone, and no part of a certificate. */
function isAddress(name: string): boolean {
  return isIP(name) !== 0 && !name.includes("%");
}
