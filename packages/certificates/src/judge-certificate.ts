import { anyExtendedKeyUsage, id_kp_serverAuth, KeyUsageFlags } from "@peculiar/asn1-x509";
import type { CertificateFailure, CertificateFailureCode } from "@sortie/handshake";
import type { Certificate } from "./certificate.js";

/** What is wrong with a certificate wherever it stands in a path. */
export function judgeItself(certificate: Certificate, nowMs: number): CertificateFailure | undefined {
  const { label, notBeforeMs, notAfterMs, unsupported } = certificate;
  if (unsupported !== undefined) return failure("unsupported", `${label} has ${unsupported}, which is not supported`);
  if (nowMs > notAfterMs) return failure("expired", `${label} expired on ${dateOf(notAfterMs)}`);
  // A date that is not one compares as false: refused here.
  if (nowMs >= notBeforeMs && nowMs <= notAfterMs) return undefined;
  return failure("not-yet-valid", `${label} is valid from ${dateOf(notBeforeMs)} only`);
}

/** What is wrong with the use of a server's own certificate. */
export function judgeLeafUse(leaf: Certificate): CertificateFailure | undefined {
  const { extendedKeyUsage } = leaf;
  if (leaf.p256Key === undefined) return failure("unsupported", `${leaf.label} has no P-256 key`);
  if (!leaf.mayUseFor(KeyUsageFlags.digitalSignature)) {
    return failure("unsupported", `${leaf.label} is not for digital signatures`);
  }
  if (extendedKeyUsage === undefined) return undefined;
  if (extendedKeyUsage.includes(id_kp_serverAuth) || extendedKeyUsage.includes(anyExtendedKeyUsage)) return undefined;
  return failure("unsupported", `${leaf.label} is not for server authentication`);
}

/** @param below authorities between the issuer and the leaf */
export function judgeIssuer(issuer: Certificate, below: number): CertificateFailure | undefined {
  if (!issuer.isAuthority || !issuer.mayUseFor(KeyUsageFlags.keyCertSign)) {
    return failure("untrusted", `${issuer.label} may not issue certificates`);
  }
  if (below > issuer.maxPathLength) return failure("untrusted", `${issuer.label} may not stand that high in a path`);
  return undefined;
}

export function failure(code: CertificateFailureCode, text: string): CertificateFailure {
  return { code, text };
}

function dateOf(ms: number): string {
  return Number.isFinite(ms) ? new Date(ms).toISOString() : "no date";
}
