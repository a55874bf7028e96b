import type { CryptoProvider } from "@sortie/handshake";
import type { SocketAddress } from "@sortie/transport";
import { type ClientHello, HELLO_INVARIANT_BYTES } from "@sortie/wire";

/** bytes of a hash that stand in a key. Nobody can make a hello that has the hash of somebody else's. */
const HASH_BYTES = 16;

/**
 * An attempt as a map key: the address, so that a copy of the hello that somebody else sends first does not lock its
 * owner out; and a hash of the hello but for cookie and padding, so that a changed one in its owner's name does not
 * either: cookies bind the client random, but not the key share. A newer cookie leaves the key as it is.
 * @param hello the datagram, decoded
 */
export function helloKeyOf(
  crypto: CryptoProvider,
  datagram: Uint8Array,
  hello: ClientHello,
  { bytes, port }: SocketAddress,
): string {
  const cookieAt = HELLO_INVARIANT_BYTES + 1 + hello.suites.length + hello.keyShare.length;
  const hash = crypto.sha256(datagram.subarray(0, cookieAt), hello.parameters);
  return String.fromCharCode(port) + charsOf(bytes, bytes.length) + charsOf(hash, HASH_BYTES);
}

/** A character for each byte, 8 at a time: a spread of arrays takes four times as long. `length`: a multiple of 8. */
function charsOf(bytes: Uint8Array, length: number): string {
  let text = "";
  for (let i = 0; i < length; i += 8) {
    text += String.fromCharCode(
      bytes[i] as number,
      bytes[i + 1] as number,
      bytes[i + 2] as number,
      bytes[i + 3] as number,
      bytes[i + 4] as number,
      bytes[i + 5] as number,
      bytes[i + 6] as number,
      bytes[i + 7] as number,
    );
  }
  return text;
}
