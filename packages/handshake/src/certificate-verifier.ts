/** Why a certificate chain is not believed: a closed list. */
export type CertificateFailureCode =
  /** No certificates, or no DER of them. */
  | "malformed"
  /** A certificate of the path is past its end. */
  | "expired"
  /** A certificate of the path is before its begin. */
  | "not-yet-valid"
  /** None of the leaf's names is the one that was asked for. */
  | "wrong-name"
  /** No path to an authority that is trusted. */
  | "untrusted"
  /** The leaf may not serve for this, or the path needs what the verifier does not know: it is refused then. */
  | "unsupported";

/** Why a chain is not believed; `text` is for people, and names the certificate. */
export interface CertificateFailure {
  readonly code: CertificateFailureCode;
  readonly text: string;
}

/**
 * Judges the certificates that a server shows: DER, leaf first. Handed in, because it needs X.509, a list of
 * authorities, and the date, none of which the handshake has; `@sortie/certificates` has one for Node. Nothing in the
 * certificates may make it throw, and it keeps none of them.
 */
export interface CertificateVerifier {
  /** The leaf's key, 65 bytes, not yet believed; undefined when it cannot be read or is no P-256 key. */
  leafKey(certificates: readonly Uint8Array[]): Uint8Array | undefined;
  /** Whether the leaf is the server's by an authority that is trusted, now; undefined when it is. */
  verify(certificates: readonly Uint8Array[]): CertificateFailure | undefined;
}
