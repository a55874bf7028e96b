/**
 * bytes. The largest payload of a CONNECT is 1024 (`MAX_CONNECT_PAYLOAD_BYTES` of `@sortie/wire`); token and client
 * secret share it.
 */
export const MAX_TOKEN_PAYLOAD_BYTES = 1024;

/** `typ` of the header: a token for something else, under the same key, is none of these (RFC 8725 section 3.11). */
export const TOKEN_TYPE = "sortie-connect+jwt";

/** Signatures that are issued and accepted; nothing symmetric, and never "none" (RFC 8725 section 3.1). */
export const TOKEN_ALGORITHMS = ["EdDSA", "ES256"] as const;
export type TokenAlgorithm = (typeof TOKEN_ALGORITHMS)[number];

/** s. A token travels from a backend to a client and on to the server: seconds are enough. */
export const DEFAULT_LIFETIME_SECONDS = 30;
export const MAX_LIFETIME_SECONDS = 86_400;

/** s. The year 5138, or 1973 in ms: what is above was given in ms, and as seconds it would refuse every token. */
export const MAX_UNIX_SECONDS = 100_000_000_000;

/** Characters of a `jti`; ours have 22. */
const MAX_ID_CHARACTERS = 64;
/** Characters of issuer, subject and audience. */
export const MAX_NAME_CHARACTERS = 256;
/** bytes of UTF-8, as a Sortie protocol name may have. */
export const MAX_PROTOCOL_BYTES = 255;

/** What a token says, once its signature was found good. Times in seconds of Unix time. */
export interface TokenClaims {
  readonly issuer: string | undefined;
  /** Who the player is, in the words of the backend. */
  readonly subject: string;
  /** The server, or group of servers, that may accept it. */
  readonly audience: string;
  /** The application protocol that both sides of the connection must speak. */
  readonly protocol: string;
  /** To the millisecond where the issuer is one of this package; others may write whole seconds. */
  readonly issuedAt: number;
  readonly notBefore: number;
  /** Whole. */
  readonly expiresAt: number;
  /** Unique; used up by the first connection. */
  readonly id: string;
  /** SHA-256 of the client's secret in base64url; undefined for a token that whoever has it may use. */
  readonly challenge: string | undefined;
  /** The backend's own, such as a name or a team. */
  readonly data: unknown;
}

/** JSON of the claims, under registered names where there are any (RFC 7519 section 4.1). */
export function claimsToJson(claims: TokenClaims): Record<string, unknown> {
  return {
    iss: claims.issuer,
    sub: claims.subject,
    aud: claims.audience,
    iat: claims.issuedAt,
    nbf: claims.notBefore === claims.issuedAt ? undefined : claims.notBefore,
    exp: claims.expiresAt,
    jti: claims.id,
    prt: claims.protocol,
    chl: claims.challenge,
    dat: claims.data,
  };
}

/** undefined for JSON that is no set of claims: every one is checked for type and length. */
export function claimsFromJson(json: unknown): TokenClaims | undefined {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return undefined;
  const { iss, sub, aud, iat, nbf = iat, exp, jti, prt, chl, dat } = json as Record<string, unknown>;
  if (iss !== undefined && !isText(iss, MAX_NAME_CHARACTERS)) return undefined;
  if (!isText(sub, MAX_NAME_CHARACTERS) || !isText(aud, MAX_NAME_CHARACTERS)) return undefined;
  if (!isTime(iat) || !isTime(nbf) || !isTime(exp) || !Number.isInteger(exp)) return undefined;
  if (!isText(jti, MAX_ID_CHARACTERS) || !isText(prt, MAX_PROTOCOL_BYTES)) return undefined;
  if (chl !== undefined && !isChallenge(chl)) return undefined;
  return {
    issuer: iss,
    subject: sub,
    audience: aud,
    protocol: prt,
    issuedAt: iat,
    notBefore: nbf,
    expiresAt: exp,
    id: jti,
    challenge: chl,
    data: dat,
  };
}

/** Whether a caller's time can be seconds of Unix time, with a fraction or without. */
export function isUnixSeconds(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= MAX_UNIX_SECONDS;
}

/** 43 characters of base64url: 32 bytes. */
export function isChallenge(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z0-9_-]{43}$/.test(value);
}

function isText(value: unknown, maxCharacters: number): value is string {
  return typeof value === "string" && value !== "" && value.length <= maxCharacters;
}

/** A NumericDate (RFC 7519 section 2), which may have a fraction. */
function isTime(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= Number.MAX_SAFE_INTEGER;
}
