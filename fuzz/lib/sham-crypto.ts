import {
  type Aead,
  type AeadSource,
  composeProvider,
  type CryptoProvider,
  type KeyPair,
  type PrivateKey,
} from "@sortie/handshake";
import { nodeAeads } from "@sortie/handshake/node";
import { CipherSuite, KEY_SHARE_BYTES, SIGNATURE_BYTES, TAG_BYTES } from "@sortie/wire";
import { Random } from "./random.js";

/** FNV's offset basis. */
const START = 0x811c_9dc5;

/** Times that something was asked for that takes a public-key operation. */
export interface CryptoWork {
  publicKeyOperations: number;
}

/** bytes. */
const HASH_BYTES = 32;

/** Whether the test that no provider is taken without, whose AEADs have to encrypt for it, is over. */
let isTested = false;

/** Of all that are made here: a source is tested once, a provider would be each time. */
const AEADS: AeadSource = {
  name: "checksum",
  costs: nodeAeads.costs,
  createAead: (suite, key) => (isTested ? new ChecksumAead(key) : nodeAeads.createAead(suite, key)),
};

/**
 * A provider without secrets, for targets behind the cryptography: key pairs are the same for everyone, hashes are
 * checksums, packets are not encrypted, and their tag is a checksum too, so that damaged ones are still refused. A
 * hundred times quicker than real cryptography. Same seed, same bytes.
 */
export function createShamCrypto(seed: number, work: CryptoWork = { publicKeyOperations: 0 }): CryptoProvider {
  const random = new Random(seed);
  const fill = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);
  const count = <T>(result: T): T => {
    work.publicKeyOperations += 1;
    return result;
  };
  const keyPair = (): KeyPair => ({
    publicKey: fill(KEY_SHARE_BYTES, 0x04),
    privateKey: Object.freeze({}) as PrivateKey,
  });
  const crypto: CryptoProvider = {
    name: "sham",
    suitePreference: [CipherSuite.Aes128Gcm, CipherSuite.ChaCha20Poly1305],
    randomBytes: (length) => {
      const bytes = new Uint8Array(length);
      for (let i = 0; i < length; i++) bytes[i] = random.u32();
      return bytes;
    },
    sha256: (...parts) => checksumOf(parts, HASH_BYTES),
    hmacSha256: (key, ...parts) => checksumOf([key, ...parts], HASH_BYTES),
    hkdfSha256: (inputKey, salt, info, length) => checksumOf([inputKey, salt, info], length),
    generateKeyPair: () => count(keyPair()),
    importPrivateKey: keyPair,
    sharedSecret: () => count(fill(32, 0x11)),
    sign: () => count(fill(SIGNATURE_BYTES, 0x22)),
    verify: () => count(true),
    createAead: (suite, key) => AEADS.createAead(suite, key),
  };
  const composed = composeProvider(crypto, [AEADS]);
  isTested = true;
  return composed;
}

class ChecksumAead implements Aead {
  private readonly start: number;

  constructor(key: Uint8Array) {
    this.start = hash(START, key, 0, key.length);
  }

  seal(nonce: Uint8Array, bytes: Uint8Array, headerStart: number, _bodyStart: number, bodyEnd: number): void {
    const sum = this.checksum(nonce, bytes, headerStart, bodyEnd);
    for (let i = 0; i < TAG_BYTES; i++) bytes[bodyEnd + i] = tagByte(sum, i);
  }

  open(
    nonce: Uint8Array,
    bytes: Uint8Array,
    headerStart: number,
    bodyStart: number,
    end: number,
    out: Uint8Array,
  ): number {
    const bodyEnd = end - TAG_BYTES;
    const sum = this.checksum(nonce, bytes, headerStart, bodyEnd);
    for (let i = 0; i < TAG_BYTES; i++) if (bytes[bodyEnd + i] !== tagByte(sum, i)) return -1;
    out.set(bytes.subarray(bodyStart, bodyEnd));
    return bodyEnd - bodyStart;
  }

  private checksum(nonce: Uint8Array, bytes: Uint8Array, from: number, to: number): number {
    return hash(hash(this.start, nonce, 0, nonce.length), bytes, from, to);
  }
}

/** `length` bytes that depend on all bytes of the parts. */
function checksumOf(parts: readonly Uint8Array[], length: number): Uint8Array {
  let sum = START;
  for (const part of parts) sum = hash(sum, part, 0, part.length);
  const random = new Random(sum);
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = random.u32();
  return bytes;
}

/** FNV-1a, 32 bits. */
function hash(start: number, bytes: Uint8Array, from: number, to: number): number {
  let sum = start;
  for (let i = from; i < to; i++) sum = Math.imul(sum ^ (bytes[i] as number), 0x0100_0193);
  return sum;
}

function tagByte(sum: number, index: number): number {
  return (sum >>> ((index & 3) * 8)) & 0xff;
}
