import { X509Certificate } from "node:crypto";
import { AsnConvert } from "@peculiar/asn1-schema";
import {
  BasicConstraints,
  Certificate as AsnCertificate,
  ExtendedKeyUsage,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_nameConstraints,
  id_ce_policyConstraints,
  id_ce_subjectAltName,
  KeyUsage,
  type KeyUsageFlags,
} from "@peculiar/asn1-x509";
import { escapeHidden } from "./escape-hidden.js";

/** X.509 version 3, the only one with extensions (RFC 5280 section 4.1.2.1). */
const VERSION_3 = 2;
/** DER tag of a SEQUENCE. */
const SEQUENCE = 0x30;

/** Extensions that are looked at; any other that is critical makes a certificate unusable (RFC 5280 section 4.2). */
const KNOWN_EXTENSIONS: ReadonlySet<string> = new Set([
  id_ce_basicConstraints,
  id_ce_keyUsage,
  id_ce_extKeyUsage,
  id_ce_subjectAltName,
]);
/** Extensions that limit what an authority may issue, and are not evaluated here: refused, critical or not. */
const LIMITING_EXTENSIONS: ReadonlySet<string> = new Set([id_ce_nameConstraints, id_ce_policyConstraints]);

/** Signatures that count: ECDSA and RSA with SHA-256 to SHA-512 (RFC 5758, RFC 4055), Ed25519 (RFC 8410). */
const SIGNATURE_ALGORITHMS: ReadonlySet<string> = new Set([
  "1.2.840.10045.4.3.2",
  "1.2.840.10045.4.3.3",
  "1.2.840.10045.4.3.4",
  "1.2.840.113549.1.1.11",
  "1.2.840.113549.1.1.12",
  "1.2.840.113549.1.1.13",
  "1.3.101.112",
]);

/**
 * A certificate as path validation reads it. OpenSSL, by node:crypto, compares names and checks signatures; the
 * extensions, which Node does not tell, are read with `@peculiar/asn1-x509`.
 */
export class Certificate {
  readonly x509: X509Certificate;
  readonly der: Uint8Array;
  /** ms since 1970. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly isAuthority: boolean;
  /** Authorities that may stand between this one and a leaf; Infinity without a limit. */
  readonly maxPathLength: number;
  /** Bits of KeyUsageFlags; undefined: any use. */
  readonly keyUsage: number | undefined;
  /** Object identifiers; undefined: any use. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  /** What stands in it that this verifier cannot honour; undefined when there is nothing. */
  readonly unsupported: string | undefined;

  private constructor(der: Uint8Array, x509: X509Certificate, asn: AsnCertificate) {
    const { tbsCertificate: tbs, signatureAlgorithm } = asn;
    this.der = der;
    this.x509 = x509;
    this.notBeforeMs = tbs.validity.notBefore.getTime().getTime();
    this.notAfterMs = tbs.validity.notAfter.getTime().getTime();
    const extensions = tbs.version === VERSION_3 ? [...(tbs.extensions ?? [])] : [];
    const find = (id: string): ArrayBuffer | undefined =>
      extensions.find(({ extnID }) => extnID === id)?.extnValue.buffer;
    const constraints = find(id_ce_basicConstraints);
    const basic = constraints && AsnConvert.parse(constraints, BasicConstraints);
    this.isAuthority = basic?.cA === true;
    this.maxPathLength = basic?.pathLenConstraint ?? Infinity;
    const usage = find(id_ce_keyUsage);
    this.keyUsage = usage && AsnConvert.parse(usage, KeyUsage).toNumber();
    const extended = find(id_ce_extKeyUsage);
    this.extendedKeyUsage = extended && [...AsnConvert.parse(extended, ExtendedKeyUsage)];
    this.unsupported = unsupportedPart(extensions, signatureAlgorithm.algorithm);
  }

  /** Undefined for what is not exactly one DER certificate. Never throws. */
  static tryParse(der: Uint8Array): Certificate | undefined {
    if (!isOneSequence(der)) return undefined;
    const copy = der.slice();
    try {
      return new Certificate(copy, new X509Certificate(copy), AsnConvert.parse(copy, AsnCertificate));
    } catch {
      return undefined;
    }
  }

  /** "CN=name", or the serial number where there is no subject. As its maker wrote it. */
  get name(): string {
    const subject = this.x509.subject as string | undefined;
    return subject ? subject.split("\n").join(", ") : `serial number ${this.x509.serialNumber}`;
  }

  /** The name for messages. */
  get label(): string {
    return escapeHidden(this.name);
  }

  /** 65 bytes; undefined when it is no P-256 key. */
  get p256Key(): Uint8Array | undefined {
    try {
      const { crv, x, y } = this.x509.publicKey.export({ format: "jwk" });
      if (crv !== "P-256" || x === undefined || y === undefined) return undefined;
      return Uint8Array.of(4, ...Buffer.from(x, "base64url"), ...Buffer.from(y, "base64url"));
    } catch {
      return undefined;
    }
  }

  mayUseFor(flag: KeyUsageFlags): boolean {
    return this.keyUsage === undefined || (this.keyUsage & flag) !== 0;
  }

  /** Whether `issuer` signed this certificate, by name and by signature. */
  isIssuedBy(issuer: Certificate): boolean {
    try {
      return this.x509.checkIssued(issuer.x509) && this.x509.verify(issuer.x509.publicKey);
    } catch {
      return false;
    }
  }
}

function unsupportedPart(
  extensions: readonly { readonly extnID: string; readonly critical: boolean }[],
  signatureAlgorithm: string,
): string | undefined {
  if (!SIGNATURE_ALGORITHMS.has(signatureAlgorithm)) return `signature algorithm ${signatureAlgorithm}`;
  const seen = new Set<string>();
  for (const { extnID, critical } of extensions) {
    // RFC 5280 section 4.2: no extension may stand twice; which of the two would count?
    if (seen.has(extnID)) return `extension ${extnID} twice`;
    seen.add(extnID);
    if (LIMITING_EXTENSIONS.has(extnID) || (critical && !KNOWN_EXTENSIONS.has(extnID))) return `extension ${extnID}`;
  }
  return undefined;
}

/** Whether the bytes are one DER SEQUENCE and nothing else: OpenSSL would take PEM, or leave a rest. */
function isOneSequence(der: Uint8Array): boolean {
  if (der.length < 4 || der[0] !== SEQUENCE) return false;
  const first = der[1] as number;
  if (first === 0x81) return der.length === 3 + (der[2] as number);
  if (first === 0x82) return der.length === 4 + ((der[2] as number) << 8) + (der[3] as number);
  return false;
}
