import { type CryptoProvider, type EstablishedKeys, PacketProtection } from "@sortie/handshake";
import { PACKET_HEADER_BYTES, PACKET_OVERHEAD_BYTES } from "@sortie/wire";

/** Seals any bytes as a packet of one side: what a hostile peer, which holds valid keys, can send. */
export class PacketForger {
  private readonly crypto: CryptoProvider;
  private readonly keys: Omit<EstablishedKeys, "serverPublicKey">;
  private readonly secret: Uint8Array;

  /** @param keys as the side `as` has them, before any key update */
  constructor(crypto: CryptoProvider, as: "client" | "server", keys: Omit<EstablishedKeys, "serverPublicKey">) {
    this.crypto = crypto;
    this.keys = keys;
    this.secret = as === "client" ? keys.secrets.clientSecret : keys.secrets.serverSecret;
  }

  /** A datagram with the packet number and the frames given, legal or not, 1 byte or more. */
  seal(packetNumber: number, frames: Uint8Array): Uint8Array {
    const { crypto, keys, secret } = this;
    // Fresh each time, as it refuses numbers that do not rise.
    const protection = new PacketProtection({ crypto, suite: keys.suite, localSecret: secret, remoteSecret: secret });
    const datagram = new Uint8Array(PACKET_OVERHEAD_BYTES + frames.length);
    datagram.set(frames, PACKET_HEADER_BYTES);
    protection.seal(datagram, 0, PACKET_HEADER_BYTES + frames.length, keys.remoteConnectionId, packetNumber, 0);
    return datagram;
  }
}
