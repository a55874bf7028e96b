import { createHash, timingSafeEqual } from "node:crypto";

/** A secret that is compared in a time that tells nothing about it: digests have one length, whatever came. */
export class BearerToken {
  readonly #digest: Buffer;

  constructor(token: string) {
    this.#digest = digest(token);
  }

  matches(candidate: string): boolean {
    return timingSafeEqual(this.#digest, digest(candidate));
  }

  /** @param header the Authorization header (RFC 6750 section 2.1) */
  matchesHeader(header: string | undefined): boolean {
    const candidate = /^bearer +(.+)$/i.exec(header ?? "")?.[1];
    return candidate !== undefined && this.matches(candidate.trim());
  }
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text, "utf8").digest();
}
