import { PACKET_HEADER_BYTES } from "@sortie/wire";

/**
 * Whether a datagram ends in this reset token (RFC 9000 section 10.3.1). Compares without leaving early: the token is a
 * secret until it is used.
 */
export function endsInToken(datagram: Uint8Array, token: Uint8Array): boolean {
  const start = datagram.length - token.length;
  if (start < PACKET_HEADER_BYTES) return false;
  let difference = 0;
  for (let i = 0; i < token.length; i++) difference |= (datagram[start + i] as number) ^ (token[i] as number);
  return difference === 0;
}
