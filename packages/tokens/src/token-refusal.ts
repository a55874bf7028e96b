/** Why a token is not accepted: a closed list, with what the client is told. */
export const TOKEN_REFUSALS = {
  /** No payload, no token, or claims that are none. */
  malformed: "the token is malformed",
  /** More than 1024 bytes. */
  "too-large": "the token is too large",
  /** Its key is not among those of the verifier. */
  "unknown-key": "the token was signed with an unknown key",
  /** The signature is wrong, or of an algorithm that its key is not for. */
  "bad-signature": "the token's signature is wrong",
  expired: "the token has expired",
  "not-yet-valid": "the token is not valid yet",
  /** It is good for longer than this server takes tokens for, or was issued before this server takes any. */
  "wrong-lifetime": "the token's times are not accepted here",
  "wrong-issuer": "the token is of another issuer",
  "wrong-audience": "the token is for another server",
  "wrong-protocol": "the token is for another protocol",
  /** It is bound to a client's secret, and that was not shown; or it is not bound, and has to be. */
  "wrong-client": "the token is bound to another client",
  "used-twice": "the token was used before",
  /** So many tokens wait for their expiry that no other can be remembered. */
  "table-full": "the server cannot take more tokens now",
} as const;

export type TokenRefusalCode = keyof typeof TOKEN_REFUSALS;

/** What came of a token. */
export type TokenVerdict<Claims> =
  | { readonly ok: true; readonly claims: Claims }
  | { readonly ok: false; readonly code: TokenRefusalCode; readonly reason: string };

export function refused(code: TokenRefusalCode): {
  readonly ok: false;
  readonly code: TokenRefusalCode;
  readonly reason: string;
} {
  return { ok: false, code, reason: TOKEN_REFUSALS[code] };
}
