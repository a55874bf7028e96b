import { encodeUtf8 } from "@sortie/wire";
import type { CryptoProvider } from "./crypto-provider.js";

/** Keeps this signature from standing for any other use of the key (compare RFC 8446 section 4.4.3). */
const SERVER_HELLO_CONTEXT: Uint8Array = /* @__PURE__ */ encodeUtf8("sortie v1 server hello\0");

/**
 * SHA-256 over every byte of the accepted CLIENT_HELLO and of SERVER_HELLO up to its signature. The hello has one
 * fixed length, so the border between the two is not in doubt.
 */
export function transcriptHash(
  crypto: CryptoProvider,
  clientHello: Uint8Array,
  unsignedServerHello: Uint8Array,
): Uint8Array {
  return crypto.sha256(clientHello, unsignedServerHello);
}

/** What the server signs: the context string, a zero byte, the transcript hash. */
export function signedMessage(hash: Uint8Array): Uint8Array {
  const message = new Uint8Array(SERVER_HELLO_CONTEXT.length + hash.length);
  message.set(SERVER_HELLO_CONTEXT);
  message.set(hash, SERVER_HELLO_CONTEXT.length);
  return message;
}
