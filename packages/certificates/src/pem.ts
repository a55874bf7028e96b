import { CertificateError } from "./certificate-error.js";
import { Certificate } from "./certificate.js";
import { kindOf } from "./option-checks.js";

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \1-----/g;
/** Characters of base64 on a line (RFC 7468 section 2). */
const LINE_CHARACTERS = 64;

/**
 * All certificates of a PEM text (RFC 7468), in their order; text between them is passed over. Throws CertificateError
 * when there is none, or something else. `label` names the text in the message.
 */
export function parseCertificates(label: string, pem: string): Certificate[] {
  if (typeof pem !== "string") throw notPem(label, kindOf(pem));
  const certificates: Certificate[] = [];
  for (const [, kind, body] of pem.matchAll(BLOCK)) {
    if (kind !== "CERTIFICATE") {
      const advice = kind?.endsWith("KEY") === true ? ": that is a key, and belongs elsewhere" : "";
      throw new CertificateError(
        "wrong-format",
        `"${label}" expected PEM blocks "CERTIFICATE", got "${kind}"${advice}`,
      );
    }
    const certificate = Certificate.tryParse(Uint8Array.from(Buffer.from(body as string, "base64")));
    if (certificate === undefined) {
      const which = certificates.length + 1;
      throw new CertificateError(
        "malformed",
        `"${label}" expected X.509 certificates, got a damaged one (no. ${which})`,
      );
    }
    certificates.push(certificate);
  }
  if (certificates.length > 0) return certificates;
  throw notPem(label, "none");
}

function notPem(label: string, got: string): CertificateError {
  return new CertificateError(
    "not-pem",
    `"${label}" expected a PEM text with "-----BEGIN CERTIFICATE-----", got ${got}`,
  );
}

/** One PEM block "CERTIFICATE" with a newline at the end. */
export function certificateToPem(der: Uint8Array): string {
  const text = Buffer.from(der).toString("base64");
  const lines = text.match(new RegExp(`.{1,${LINE_CHARACTERS}}`, "g")) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
