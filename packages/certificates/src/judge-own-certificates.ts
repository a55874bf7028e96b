import type { CertificateFailure, Identity } from "@sortie/handshake";
import { decodeCertificateChain } from "@sortie/wire";
import { Certificate } from "./certificate.js";
import { failure, judgeIssuer, judgeItself, judgeLeafUse } from "./judge-certificate.js";
import { checkIdentity } from "./option-checks.js";

/** What a server can know of its own certificates. */
export interface OwnCertificates {
  /** Why clients refuse them, whatever authority and name they ask for; undefined for no such reason. */
  readonly failure: CertificateFailure | undefined;
  /** ms since 1970: when the server's own certificate expires; undefined where it cannot be read. */
  readonly notAfterMs: number | undefined;
}

/**
 * Judges the certificates of a server's identity as every client of `createCertificateVerifier` does, as far as that
 * can be known without the client's authorities and host name: each certificate on the way up must be valid now, the
 * first be for a server and have a name, the others be authorities. Undefined for an identity without certificates.
 * Throws TypeError for what is no identity.
 * @param nowMs ms since 1970
 */
export function judgeOwnCertificates(identity: Identity, nowMs: number): OwnCertificates | undefined {
  checkIdentity("identity", identity);
  const { certificateChain } = identity;
  if (certificateChain === undefined) return undefined;
  const decoded = decodeCertificateChain(certificateChain);
  const certificates = Array.isArray(decoded) ? decoded.map((der) => Certificate.tryParse(der)) : [];
  const [leaf, ...issuers] = certificates;
  if (leaf === undefined || !issuers.every((issuer) => issuer !== undefined)) {
    return { failure: failure("malformed", "a certificate cannot be read"), notAfterMs: leaf?.notAfterMs };
  }
  const wrong = judgeLeafUse(leaf) ?? judgeUpwards(leaf, issuers, 0, nowMs) ?? judgeNames(leaf);
  return { failure: wrong, notAfterMs: leaf.notAfterMs };
}

/** The nearest miss, unless one way leads as far up as the certificates at hand do: the client has what is above. */
function judgeUpwards(
  certificate: Certificate,
  others: readonly Certificate[],
  below: number,
  nowMs: number,
): CertificateFailure | undefined {
  const own = judgeItself(certificate, nowMs);
  if (own !== undefined) return own;
  let nearest: CertificateFailure | undefined;
  for (const issuer of others) {
    if (!certificate.isIssuedBy(issuer)) continue;
    const rest = others.filter((other) => other !== issuer);
    const missed = judgeIssuer(issuer, below) ?? judgeUpwards(issuer, rest, below + 1, nowMs);
    if (missed === undefined) return undefined;
    nearest ??= missed;
  }
  return nearest;
}

function judgeNames({ x509, label }: Certificate): CertificateFailure | undefined {
  if (x509.subjectAltName !== undefined) return undefined;
  return failure("wrong-name", `${label} is for no name: the common name does not count`);
}
