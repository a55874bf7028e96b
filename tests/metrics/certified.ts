import { issueAuthority, issueServerCertificate, withCertificates } from "@sortie/certificates";
import type { Identity } from "@sortie/handshake";
import { generateIdentity } from "@sortie/handshake/node";

const DAY_MS = 86_400_000;

/** 2027-01-15, noon, UTC: when certificates are issued. */
const ISSUED_MS: number = Date.UTC(2027, 0, 15, 12);

/** The identity with a certificate that is valid for so many days from then on, and when it ends in ms since 1970. */
export function certified(identity: Identity, days: number): { readonly identity: Identity; readonly endMs: number } {
  const now = (): number => ISSUED_MS;
  const authorityKey = generateIdentity();
  const authority = issueAuthority({ key: authorityKey, name: "Arena CA", now });
  const { publicKey } = identity;
  const options = { authority, authorityKey, publicKey, hostnames: ["game.example.com"], days, now };
  const certificate = issueServerCertificate(options);
  return { identity: withCertificates(identity, certificate), endMs: ISSUED_MS + days * DAY_MS };
}
