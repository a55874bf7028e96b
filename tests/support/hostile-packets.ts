import { type CryptoProvider, derivePacketKey, nextSecret } from "@sortie/handshake";
import type { TraceRecorder } from "@sortie/testkit";
import { PACKET_HEADER_BYTES, TAG_BYTES, writePacketHeader } from "@sortie/wire";

export interface HostilePacket {
  readonly crypto: CryptoProvider;
  /** Client or server secret of the direction, before any update. */
  readonly secret: Uint8Array;
  /** The receiver's. */
  readonly connectionId: number;
  /** Any integer, legal or not. */
  readonly packetNumber: number;
  /** Plaintext: any bytes. */
  readonly frames: Uint8Array;
  /** Key updates since the first keys. Default 0. */
  readonly generation?: number;
}

/** A packet with a right tag and any content, number and generation: what a hostile peer can send. */
export function sealHostile(packet: HostilePacket): Uint8Array {
  const { crypto, connectionId, packetNumber, frames, generation = 0 } = packet;
  let { secret } = packet;
  for (let i = 0; i < generation; i++) secret = nextSecret(crypto, secret);
  const suite = crypto.suitePreference[0];
  if (suite === undefined) throw new Error("the provider has no suite");
  const { key, iv } = derivePacketKey(crypto, suite, secret);
  const nonce = iv.slice();
  for (let i = 11, rest = packetNumber; i >= 4; i--, rest = Math.floor(rest / 256)) {
    nonce[i] = (nonce[i] as number) ^ (rest % 256);
  }
  const bodyEnd = PACKET_HEADER_BYTES + frames.length;
  const datagram = new Uint8Array(bodyEnd + TAG_BYTES);
  writePacketHeader(datagram, 0, (generation % 2) as 0 | 1, connectionId, packetNumber);
  datagram.set(frames, PACKET_HEADER_BYTES);
  crypto.createAead(suite, key).seal(nonce, datagram, 0, PACKET_HEADER_BYTES, bodyEnd);
  return datagram;
}

/** A copy with another number in the header: the tag is wrong then. */
export function renumbered(datagram: Uint8Array, truncatedNumber: number): Uint8Array {
  const copy = datagram.slice();
  new DataView(copy.buffer).setUint32(5, truncatedNumber);
  return copy;
}

/** A copy for another connection ID. */
export function readdressed(datagram: Uint8Array, connectionId: number): Uint8Array {
  const copy = datagram.slice();
  new DataView(copy.buffer).setUint32(1, connectionId);
  return copy;
}

/** A copy with one bit changed, the highest of each byte first. */
export function bitFlipped(datagram: Uint8Array, bit: number): Uint8Array {
  const copy = datagram.slice();
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (0x80 >> (bit & 7));
  return copy;
}

/** How often each reason to drop was traced. */
export function dropsOf(trace: TraceRecorder): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { reason } of trace.of("packet-dropped")) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}
