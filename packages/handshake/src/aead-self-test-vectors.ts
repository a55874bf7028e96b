import { CipherSuite } from "@sortie/wire";

/** What an AEAD has to give; bytes in hexadecimal. */
export interface SelfTestVector {
  readonly suiteName: string;
  /** Of the published one. */
  readonly source: string;
  readonly key: string;
  readonly nonce: string;
  readonly header: string;
  readonly plaintext: string;
  /** With the tag behind it. */
  readonly sealed: string;
  /** FNV-1a, 32 bits, of ciphertext and tag for each of `SELF_TEST_BODY_BYTES`; computed with noble in the tests. */
  readonly digests: string;
}

/** bytes. Around whole blocks of ciphers, where implementations switch, and up to the largest body of a packet. */
export const SELF_TEST_BODY_BYTES: readonly number[] = /* @__PURE__ */ Object.freeze([
  1, 1427, 16, 17, 31, 64, 65, 96, 128, 129, 192, 256, 257, 320, 400, 513, 640, 800, 1000, 1024, 1200, 1426,
]);

export const VECTORS: Readonly<Record<CipherSuite, SelfTestVector>> = /* @__PURE__ */ Object.freeze({
  [CipherSuite.Aes128Gcm]: {
    suiteName: "AES-128-GCM",
    source: "test case 4 of the specification of GCM",
    key: "feffe9928665731c6d6a8f9467308308",
    nonce: "cafebabefacedbaddecaf888",
    header: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
    plaintext:
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" +
      "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
    sealed:
      "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e" +
      "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47",
    digests:
      "39309db34b4d3837977cc800ead9fc4cbc54ddd7bd7d7de8f51d7052d195d357e5bc121438c70a8ff762e9a5f0fac011" +
      "64d58422f294944e591e8a0884fe74b03e4346015a79c0be0d5793903f9353d6d32ef0da596241bb",
  },
  [CipherSuite.ChaCha20Poly1305]: {
    suiteName: "ChaCha20-Poly1305",
    source: "the vector of RFC 8439 section 2.8.2",
    key: "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
    nonce: "070000004041424344454647",
    header: "50515253c0c1c2c3c4c5c6c7",
    plaintext:
      "4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a20496620492063" +
      "6f756c64206f6666657220796f75206f6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73" +
      "637265656e20776f756c642062652069742e",
    sealed:
      "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b" +
      "1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc" +
      "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691",
    digests:
      "14152de205dc6162655efa4862775831cd75ee8985ecec54da65f177f83fded044286f132a1942701a7160ce0dbe8a7f" +
      "3e74129c966ec764c1dd48bee80dd71540a7efdd2c42b1c310915a44d6474de268f470cfd26bf167",
  },
});

/**
 * One key, and two that differ from it in the last and in the first byte: an AEAD of one of them that stands for
 * another, as of a cache that looks at a part of the key, seals wrong.
 */
export function selfTestKeys(vector: SelfTestVector): readonly Uint8Array[] {
  const keys = Array.from({ length: 3 }, () => bytesOfHex(vector.key));
  const [, second, third] = keys as [Uint8Array, Uint8Array, Uint8Array];
  flipBit(second, second.length - 1, 1);
  flipBit(third, 0, 0x80);
  return keys;
}

/** Fills with bytes that look random (mulberry32), the same for the same seed: no two nonces have much in common. */
export function fillFrom(seed: number, bytes: Uint8Array): void {
  let state = Math.imul(seed + 1, 0x9e37_79b1);
  for (let i = 0; i < bytes.length; i++) {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    bytes[i] = mixed ^ (mixed >>> 14);
  }
}

/** FNV-1a, 32 bits, as in `digests`: against mistakes, not against those who would make them. */
export function digestOf(bytes: Uint8Array): string {
  let sum = 0x811c_9dc5;
  for (let i = 0; i < bytes.length; i++) sum = Math.imul(sum ^ (bytes[i] as number), 0x0100_0193);
  return (sum >>> 0).toString(16).padStart(8, "0");
}

export function flipBit(bytes: Uint8Array, at: number, mask: number): void {
  bytes[at] = (bytes[at] as number) ^ mask;
}

export function bytesOfHex(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}
