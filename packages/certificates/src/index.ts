export { CertificateError, type CertificateErrorCode } from "./certificate-error.js";
export { createCertificateVerifier, type CertificateVerifierOptions } from "./certificate-verifier.js";
export { describeCertificates, type CertificateSummary } from "./describe.js";
export {
  type AuthorityOptions,
  issueAuthority,
  issueServerCertificate,
  type ServerCertificateOptions,
} from "./issue.js";
export { judgeOwnCertificates, type OwnCertificates } from "./judge-own-certificates.js";
export { withCertificates } from "./with-certificates.js";
