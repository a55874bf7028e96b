import type { Authenticate, AuthenticateRequest } from "@sortie/server";
import type { TokenClaims } from "./token-claims.js";
import type { TokenRefusalCode } from "./token-refusal.js";
import { createTokenVerifier, type TokenVerifier, type TokenVerifierOptions } from "./token-verifier.js";

/** A token that was not accepted. */
export interface RefusedToken {
  readonly code: TokenRefusalCode;
  readonly request: AuthenticateRequest;
}

export type TokenAuthenticatorOptions<Data> = (TokenVerifierOptions | { readonly verifier: TokenVerifier }) & {
  /** Makes `peer.data` of what the token says; throws to keep the client out. Default: the claims. */
  readonly data?: (claims: TokenClaims, request: AuthenticateRequest) => Data | Promise<Data>;
  /** Hears of every token that was refused, for counters and logs. */
  readonly onRefused?: (refused: RefusedToken) => void;
};

/**
 * The `authenticate` of a server that lets in whoever brings a connect token as payload. A client that is refused is
 * told the code and a sentence. Throws TypeError or RangeError for bad options.
 */
export function createTokenAuthenticator<Data = TokenClaims>(
  options: TokenAuthenticatorOptions<Data>,
): Authenticate<Data> {
  const { data, onRefused } = options;
  for (const [name, value] of Object.entries({ data, onRefused })) {
    if (value !== undefined && typeof value !== "function") {
      throw new TypeError(`"${name}" expected a function, got ${typeof value}`);
    }
  }
  const verifier = "verifier" in options ? options.verifier : createTokenVerifier(options);
  return async (request) => {
    const verdict = await verifier.verify(request.payload);
    if (!verdict.ok) {
      onRefused?.({ code: verdict.code, request });
      return { accept: false, reason: `${verdict.code}: ${verdict.reason}` };
    }
    const { claims } = verdict;
    return { accept: true, data: data === undefined ? (claims as Data) : await data(claims, request) };
  };
}
