import { parseCertificates } from "./pem.js";

/** What people want to know of a certificate. Names are as its maker wrote them: escape what is shown on a terminal. */
export interface CertificateSummary {
  readonly subject: string;
  readonly issuer: string;
  /** "DNS:game.example.com, IP Address:192.0.2.1"; undefined without any. */
  readonly names: string | undefined;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly isAuthority: boolean;
  readonly serialNumber: string;
  /** SHA-256 of the DER, hexadecimal pairs with colons. */
  readonly fingerprint256: string;
}

/** The certificates of a PEM text, in their order. Throws CertificateError for anything else. */
export function describeCertificates(pem: string): CertificateSummary[] {
  return parseCertificates("pem", pem).map(({ x509, name, notBeforeMs, notAfterMs, isAuthority }) => ({
    subject: name,
    issuer: x509.issuer.split("\n").join(", "),
    names: x509.subjectAltName,
    notBefore: new Date(notBeforeMs),
    notAfter: new Date(notAfterMs),
    isAuthority,
    serialNumber: x509.serialNumber,
    fingerprint256: x509.fingerprint256,
  }));
}
