import type { Identity } from "@sortie/handshake";
import { generateIdentity } from "@sortie/handshake/node";
import { issueAuthority, issueServerCertificate, type ServerCertificateOptions } from "../src/index.js";

/** 2027-01-15, noon, UTC. */
export const NOW_MS: number = Date.UTC(2027, 0, 15, 12);
export const DAY_MS = 86_400_000;

export const now = (): number => NOW_MS;

/** An authority and a way to let it issue. */
export interface Authority {
  readonly key: Identity;
  readonly pem: string;
  issue(options: Partial<ServerCertificateOptions> & { readonly publicKey: Uint8Array }): string;
}

export function authorityOf(name: string): Authority {
  const key = generateIdentity();
  const pem = issueAuthority({ key, name, now });
  return {
    key,
    pem,
    issue: (options) =>
      issueServerCertificate({ authority: pem, authorityKey: key, hostnames: ["game.example.com"], now, ...options }),
  };
}

/** The DER of each certificate of a PEM text. */
export function dersOf(pem: string): Uint8Array[] {
  return [...pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]*)-----END/g)].map(([, body]) =>
    Uint8Array.from(Buffer.from(body as string, "base64")),
  );
}
