import type { Identity } from "@sortie/handshake";
import { encodeCertificateChain } from "@sortie/wire";
import { CertificateError } from "./certificate-error.js";
import { checkIdentity } from "./option-checks.js";
import { parseCertificates } from "./pem.js";

/**
 * The identity together with certificates for its key, which the server then shows to clients that trust an authority
 * (clients that pin the key see the bare key, as before). `pem`: the server's certificate first, then those between it
 * and the authority, which clients have themselves; together at most 900 bytes of DER. Throws CertificateError where
 * the first is for another key, or they do not fit; TypeError for what is no identity.
 */
export function withCertificates(identity: Identity, pem: string): Identity {
  checkIdentity("identity", identity);
  const certificates = parseCertificates("pem", pem);
  const leaf = certificates[0]?.p256Key;
  if (leaf === undefined || !leaf.every((byte, i) => byte === identity.publicKey[i])) {
    const label = certificates[0]?.label ?? "none";
    throw new CertificateError("wrong-key", `"pem" expected a certificate for the identity's key, got ${label}`);
  }
  try {
    return {
      ...identity,
      certificateChain: encodeCertificateChain(certificates.map(({ der }) => der)),
      certificateNotAfterMs: Math.min(...certificates.map(({ notAfterMs }) => notAfterMs)),
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const advice = "leave the authority's own certificate out, and use P-256 keys throughout";
    throw new CertificateError("too-large", `${why}: ${advice}`);
  }
}
