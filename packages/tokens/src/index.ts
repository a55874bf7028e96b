export { MAX_TOKEN_PAYLOAD_BYTES, type TokenAlgorithm, type TokenClaims } from "./token-claims.js";
export {
  createTokenAuthenticator,
  type RefusedToken,
  type TokenAuthenticatorOptions,
  type TokenData,
  type WithTokenData,
} from "./token-authenticator.js";
export { createTokenIssuer, type TokenIssuer, type TokenIssuerOptions, type TokenRequest } from "./token-issuer.js";
export { SkippedKeysError } from "./skipped-keys-error.js";
export { generateTokenKey, type TokenJwk, type TokenKeySet, type TokenPrivateKey } from "./token-keys.js";
export type { TokenRefusalCode, TokenVerdict } from "./token-refusal.js";
export { createTokenVerifier, type TokenVerifier } from "./token-verifier.js";
export type { TokenVerifierOptions } from "./verifier-options.js";
