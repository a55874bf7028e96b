import type { CryptoProvider, PrivateKey } from "./crypto-provider.js";

/**
 * ECDH with the peer's key share. Undefined when the share is no uncompressed point on the curve, or the secret is all
 * zero, which no honest pair of keys gives (RFC 7748 section 6 asks for it, RFC 8446 section 7.4.2 for the points).
 */
export function exchangeKeys(
  crypto: CryptoProvider,
  privateKey: PrivateKey,
  peerKeyShare: Uint8Array,
): Uint8Array | undefined {
  const secret = crypto.sharedSecret(privateKey, peerKeyShare);
  if (secret === undefined) return undefined;
  let any = 0;
  for (let i = 0; i < secret.length; i++) any |= secret[i] as number;
  return any === 0 ? undefined : secret;
}
