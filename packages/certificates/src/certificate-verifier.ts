import { isIP } from "node:net";
import { type CertificateFailure, type CertificateVerifier, containRejection } from "@sortie/handshake";
import { MAX_CERTIFICATES } from "@sortie/wire";
import { Certificate } from "./certificate.js";
import { CertificateError } from "./certificate-error.js";
import { escapeHidden } from "./escape-hidden.js";
import { failure, judgeIssuer, judgeItself, judgeLeafUse } from "./judge-certificate.js";
import { checkCertificates, checkOptions, kindOf } from "./option-checks.js";
import { parseCertificates } from "./pem.js";

/** Certificates of authorities: the lists of browsers have about 150. Reading one takes a millisecond. */
const MAX_AUTHORITIES = 256;
/** Characters of a host name (RFC 1035 section 2.3.4). */
const MAX_HOSTNAME_CHARACTERS = 253;

/** Whom to trust, and for which name. */
export interface CertificateVerifierOptions {
  /**
   * Certificates of the authorities that are trusted, as PEM, one or more in each text. An authority need not be its
   * own issuer: trust in an intermediate one is enough.
   */
  readonly ca: string | readonly string[];
  /** Host name or IP address that the server's certificate must be for; 1..253 characters. */
  readonly hostname: string;
  /** ms since 1970. Default: the system's date. */
  readonly now?: (() => number) | undefined;
}

const OPTION_NAMES: Readonly<Record<keyof CertificateVerifierOptions, true>> = { ca: true, hostname: true, now: true };

/**
 * Judges server certificates by RFC 5280 section 6, in a profile that refuses what it does not know: a path of at most
 * four certificates from the leaf to an authority of `ca`; each valid today, with a signature of SHA-256 or better, and
 * without critical or limiting extensions that are not evaluated (name and policy constraints); issuers that are
 * authorities and may sign certificates, within their path lengths; a P-256 leaf for digital signatures and for server
 * authentication, with the host name among its subjectAltNames (RFC 6125: the common name does not count). Revocation
 * lists are not asked: issue for a short time.
 *
 * Throws CertificateError for a `ca` that holds no certificates, TypeError or RangeError for other bad options, those
 * too that there are not. The verifier's methods throw TypeError for anything but an array of bytes.
 */
export function createCertificateVerifier(options: CertificateVerifierOptions): CertificateVerifier {
  return new ChainVerifier(options);
}

class ChainVerifier implements CertificateVerifier {
  readonly #authorities: readonly Certificate[];
  readonly #hostname: string;
  readonly #now: () => number;

  constructor(options: CertificateVerifierOptions) {
    checkOptions(options, OPTION_NAMES);
    const { ca, hostname, now = () => Date.now() } = options;
    if (typeof hostname !== "string") throw new TypeError(`"hostname" expected a string, got ${kindOf(hostname)}`);
    if (hostname.length < 1 || hostname.length > MAX_HOSTNAME_CHARACTERS) {
      throw new RangeError(`"hostname" expected 1..${MAX_HOSTNAME_CHARACTERS} characters, got ${hostname.length}`);
    }
    const texts = typeof ca === "string" ? [ca] : ca;
    if (!Array.isArray(texts) || !texts.every((text) => typeof text === "string")) {
      if (Array.isArray(ca)) ca.forEach((text) => containRejection(text));
      const got = Array.isArray(ca) ? `one with ${kindOf(ca.find((text) => typeof text !== "string"))}` : kindOf(ca);
      throw new TypeError(`"ca" expected PEM text, or an array of it, got ${got}`);
    }
    const count = texts.reduce((sum, text) => sum + text.split("-----BEGIN ").length - 1, 0);
    if (count > MAX_AUTHORITIES) {
      throw new RangeError(`"ca" expected at most ${MAX_AUTHORITIES} certificates, got ${count}`);
    }
    const authorities = texts.flatMap((text) => parseCertificates("ca", text));
    if (authorities.length < 1)
      throw new CertificateError("not-pem", '"ca" expected at least one certificate, got none');
    this.#authorities = authorities;
    this.#hostname = hostname;
    this.#now = now;
  }

  leafKey(certificates: readonly Uint8Array[]): Uint8Array | undefined {
    checkCertificates(certificates);
    const [leaf] = certificates;
    return leaf && Certificate.tryParse(leaf)?.p256Key;
  }

  verify(certificates: readonly Uint8Array[]): CertificateFailure | undefined {
    checkCertificates(certificates);
    if (certificates.length < 1 || certificates.length > MAX_CERTIFICATES) {
      return failure("malformed", `expected 1..${MAX_CERTIFICATES} certificates, got ${certificates.length}`);
    }
    const [leaf, ...others] = certificates.map((der) => Certificate.tryParse(der));
    const intermediates = others.filter((certificate) => certificate !== undefined);
    if (leaf === undefined || intermediates.length < others.length) {
      return failure("malformed", "a certificate cannot be read");
    }
    return judgeLeafUse(leaf) ?? this.#judgePath(leaf, intermediates, 0) ?? this.#judgeName(leaf);
  }

  #judgeName(leaf: Certificate): CertificateFailure | undefined {
    const hostname = this.#hostname;
    const matches =
      isIP(hostname) === 0
        ? leaf.x509.checkHost(hostname, { subject: "never", partialWildcards: false })
        : leaf.x509.checkIP(hostname);
    if (matches !== undefined) return undefined;
    const names = escapeHidden(leaf.x509.subjectAltName ?? "no name");
    return failure("wrong-name", `the certificate is for ${names}, not for ${hostname}`);
  }

  /**
   * Undefined when a path leads from `certificate` to an authority. Looks at every issuer once, authorities first, and
   * tells of the nearest miss. `below`: authorities between it and the leaf.
   */
  #judgePath(
    certificate: Certificate,
    intermediates: readonly Certificate[],
    below: number,
  ): CertificateFailure | undefined {
    const own = judgeItself(certificate, this.#now());
    if (own !== undefined) return own;
    if (this.#authorities.some((authority) => sameBytes(authority.der, certificate.der))) return undefined;
    let nearest: CertificateFailure | undefined;
    for (const issuer of this.#authorities) {
      if (!certificate.isIssuedBy(issuer)) continue;
      const missed = judgeItself(issuer, this.#now()) ?? judgeIssuer(issuer, below);
      if (missed === undefined) return undefined;
      nearest ??= missed;
    }
    for (const issuer of intermediates) {
      if (!certificate.isIssuedBy(issuer)) continue;
      const others = intermediates.filter((other) => other !== issuer);
      const missed = judgeIssuer(issuer, below) ?? this.#judgePath(issuer, others, below + 1);
      if (missed === undefined) return undefined;
      if (nearest === undefined || nearest.code === "untrusted") nearest = missed;
    }
    const text = `${certificate.label} comes from an authority that is not trusted`;
    return nearest ?? failure("untrusted", text);
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
