import { encodeUtf8, PROTOCOL_ID_BYTES } from "@sortie/wire";
import { checkedProvider } from "./checked-provider.js";
import type { CryptoProvider } from "./crypto-provider.js";

/** bytes of UTF-8. Longer names are mistakes. */
const MAX_PROTOCOL_BYTES = 255;

/**
 * What stands for the application's protocol in a hello: the first 8 bytes of SHA-256 of the string in UTF-8.
 * Throws TypeError for what is no string and for a provider whose AEADs do not work, RangeError unless it has 1..255
 * bytes.
 */
export function protocolId(crypto: CryptoProvider, protocol: string): Uint8Array {
  if (typeof protocol !== "string") throw new TypeError(`"protocol" expected a string, got ${typeof protocol}`);
  const bytes = encodeUtf8(protocol);
  if (bytes.length < 1 || bytes.length > MAX_PROTOCOL_BYTES) {
    throw new RangeError(`"protocol" expected 1..${MAX_PROTOCOL_BYTES} bytes of UTF-8, got ${bytes.length}`);
  }
  return checkedProvider(crypto).sha256(bytes).slice(0, PROTOCOL_ID_BYTES);
}
