/** What was wrong with a certificate that a user gave: a closed list. */
export type CertificateErrorCode =
  /** A file that is missing or cannot be read; `cause` is the system's error. */
  | "unreadable"
  /** No PEM block in the text, or no text. */
  | "not-pem"
  /** A PEM block of another kind, a key for instance. */
  | "wrong-format"
  /** No certificate, or a damaged one. */
  | "malformed"
  /** A certificate that may not issue others, where one that may belongs. */
  | "not-an-authority"
  /** The certificate is for another key. */
  | "wrong-key"
  /** A certificate that clients refuse: it has expired, is not valid yet, or is not for a server. */
  | "unusable"
  /** More certificates, or larger ones, than a SERVER_HELLO holds. */
  | "too-large";

/** A certificate that cannot serve. The message says what to do. */
export class CertificateError extends Error {
  override readonly name = "CertificateError";
  readonly code: CertificateErrorCode;

  constructor(code: CertificateErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
