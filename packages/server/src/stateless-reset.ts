import type { CryptoProvider, Identity } from "@sortie/handshake";
import { encodeUtf8, MIN_PROTECTED_BYTES, RESET_TOKEN_BYTES } from "@sortie/wire";

/** bytes. Longest reset; anything near the size of small packets will do (RFC 9000 section 10.3). */
const RESET_BYTES = 41;

/**
 * Reset tokens (RFC 9000 section 10.3): made from the identity key, so that a restarted server can still tell its old
 * peers that their connections are gone. A token is bound to the client's IP address: asking for tokens from one
 * address teaches nothing of connections from another, although connection IDs have only 32 bits. Whoever shares the
 * address with a client can ask for all: so a client believes a token only when the server says nothing afterwards.
 */
export class StatelessReset {
  private readonly crypto: CryptoProvider;
  private readonly key: Uint8Array;

  constructor(crypto: CryptoProvider, identity: Identity) {
    this.crypto = crypto;
    // The square of the identity key in the Diffie-Hellman group: only its holder can compute it, it survives a
    // restart, and no scalar has to leave the provider.
    const secret = ownSecret(crypto, identity);
    if (secret === undefined) throw new RangeError('"identity" expected a valid P-256 key pair');
    this.key = crypto.hkdfSha256(secret, new Uint8Array(0), encodeUtf8("sortie v1 reset"), 32);
  }

  token(connectionId: number, address16: Uint8Array): Uint8Array {
    return this.crypto.hmacSha256(this.key, idBytes(connectionId), address16).subarray(0, RESET_TOKEN_BYTES);
  }

  /**
   * Writes a reset into `out` and returns its length: smaller than the datagram that caused it, so that two servers
   * never answer each other for ever; 0 when that one is too small.
   */
  write(out: Uint8Array, connectionId: number, address16: Uint8Array, triggerBytes: number): number {
    const length = Math.min(triggerBytes - 1, RESET_BYTES);
    if (length < MIN_PROTECTED_BYTES) return 0;
    out.set(this.crypto.randomBytes(length - RESET_TOKEN_BYTES));
    out[0] = 0x40;
    out.set(idBytes(connectionId), 1);
    out.set(this.token(connectionId, address16), length - RESET_TOKEN_BYTES);
    return length;
  }
}

/** Throws TypeError for a key of another provider; what the provider itself says of it names no option. */
function ownSecret(crypto: CryptoProvider, { keyPair, publicKey }: Identity): Uint8Array | undefined {
  try {
    return crypto.sharedSecret(keyPair.privateKey, publicKey);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    const message =
      '"identity" expected a key pair of the provider in "crypto", got one of another provider or of another copy of ' +
      "@sortie/handshake, or cloned from another thread: load it here with loadIdentity, or make it with " +
      "identityOf(crypto.generateKeyPair())";
    throw new TypeError(message, { cause });
  }
}

function idBytes(connectionId: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, connectionId);
  return bytes;
}
