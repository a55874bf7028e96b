import { callContained, checkOptionNames, type OptionNames } from "@sortie/connection";
import type { Authenticate, AuthenticateRequest } from "@sortie/server";
import { checkFunctions, kindOf } from "./option-checks.js";
import type { TokenClaims } from "./token-claims.js";
import type { TokenRefusalCode } from "./token-refusal.js";
import { createTokenVerifier, type TokenVerifier } from "./token-verifier.js";
import { type TokenVerifierOptions, VERIFIER_OPTION_NAMES } from "./verifier-options.js";

/** A token that was not accepted. */
export interface RefusedToken {
  readonly code: TokenRefusalCode;
  readonly request: AuthenticateRequest;
}

/** Makes `peer.data` of what the token says; throws to keep the client out. */
export type TokenData<Data> = (claims: TokenClaims, request: AuthenticateRequest) => Data | Promise<Data>;

/** Default: the claims, which is why it may be left out only where `peer.data` are these. */
export type WithTokenData<Data> = TokenClaims extends Data
  ? { readonly data?: TokenData<Data> | undefined }
  : { readonly data: TokenData<Data> };

export type TokenAuthenticatorOptions<Data> = (TokenVerifierOptions | { readonly verifier: TokenVerifier }) &
  WithTokenData<Data> & {
    /**
     * Hears of every token that was refused, for counters and logs. The client is refused whatever comes of it: what it
     * throws or rejects with goes to `onError` of the verifier.
     */
    readonly onRefused?: ((refused: RefusedToken) => void) | undefined;
  };

/** All that may stand in the options. What has to, the verifier tells. */
interface AnyOptions<Data> extends Partial<TokenVerifierOptions> {
  readonly verifier?: TokenVerifier | undefined;
  readonly data?: TokenData<Data> | undefined;
  readonly onRefused?: ((refused: RefusedToken) => void) | undefined;
}

const OPTION_NAMES: OptionNames<AnyOptions<unknown>> = {
  ...VERIFIER_OPTION_NAMES,
  verifier: true,
  data: true,
  onRefused: true,
};

/**
 * The `authenticate` of a server that lets in whoever brings a connect token as payload. A client that is refused is
 * told the code and a sentence. Throws TypeError or RangeError for bad options, those too that there are not, and those
 * of a verifier beside one that was made before.
 */
export function createTokenAuthenticator<Data = TokenClaims>(
  options: TokenAuthenticatorOptions<Data>,
): Authenticate<Data> {
  checkOptionNames(options, OPTION_NAMES);
  const { verifier: given, data, onRefused, ...verifierOptions } = options as AnyOptions<Data>;
  checkFunctions({ data, onRefused });
  if (given !== undefined && typeof (given as { verify?: unknown } | null)?.verify !== "function") {
    throw new TypeError(`"verifier" expected what createTokenVerifier() gives, got ${kindOf(given)}`);
  }
  const [unused] = given === undefined ? [] : Object.keys(verifierOptions);
  if (unused !== undefined) {
    // It would keep nobody out.
    throw new TypeError(
      `"${unused}" expected to be an option of the "verifier" that was given, got it beside that one`,
    );
  }
  const verifier = given ?? createTokenVerifier(verifierOptions as TokenVerifierOptions);
  return async (request) => {
    const verdict = await verifier.verify(request.payload);
    if (!verdict.ok) {
      const { code, reason } = verdict;
      callContained(
        () => onRefused?.({ code, request }),
        (error) => verifier.reportError(error),
      );
      return { accept: false, reason: `${code}: ${reason}` };
    }
    const { claims } = verdict;
    return { accept: true, data: data === undefined ? (claims as Data) : await data(claims, request) };
  };
}
