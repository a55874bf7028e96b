import { composeProvider, createNobleProvider, type CryptoProvider } from "@sortie/handshake";
import { nodeAeads } from "@sortie/handshake/node";
import { Prng } from "@sortie/transport-memory";

/**
 * Real cryptography over a seeded generator: the same seed gives the same keys, connection IDs and packets, so that a
 * failed run can be repeated. For tests only: such keys protect nothing.
 */
export function createSeededCrypto(seed: number): CryptoProvider {
  const prng = new Prng(seed);
  const noble = createNobleProvider({
    randomBytes: (length) => {
      const bytes = new Uint8Array(length);
      for (let i = 0; i < length; i++) bytes[i] = prng.uint32() & 0xff;
      return bytes;
    },
  });
  // Sealing draws nothing at random, so that the quicker library gives the same packets.
  return composeProvider(noble, [nodeAeads]);
}
