import { CipherSuite, TAG_BYTES } from "@sortie/wire";
import type { Aead } from "./crypto-provider.js";

/** A published vector; all in hexadecimal. */
interface SelfTestVector {
  readonly source: string;
  readonly key: string;
  readonly nonce: string;
  readonly header: string;
  readonly plaintext: string;
  /** With the tag behind it. */
  readonly sealed: string;
}

const VECTORS: Readonly<Record<CipherSuite, SelfTestVector>> = /* @__PURE__ */ Object.freeze({
  [CipherSuite.Aes128Gcm]: {
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
  },
  [CipherSuite.ChaCha20Poly1305]: {
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
  },
});

/**
 * A published vector, both ways and with a damaged tag: a library whose calls changed in an update, or that does not
 * work on this machine, must not get near a packet. Throws Error that names library and vector.
 */
export function selfTest(name: string, suite: CipherSuite, create: (key: Uint8Array) => Aead): void {
  const vector = VECTORS[suite];
  const [nonce, header, sealed] = [bytesOfHex(vector.nonce), bytesOfHex(vector.header), bytesOfHex(vector.sealed)];
  const plaintext = bytesOfHex(vector.plaintext);
  const bodyEnd = header.length + plaintext.length;
  const packet = new Uint8Array(bodyEnd + TAG_BYTES);
  packet.set(header);
  packet.set(plaintext, header.length);
  const aead = create(bytesOfHex(vector.key));
  aead.seal(nonce, packet, 0, header.length, bodyEnd);
  const sealsRight = equal(packet.subarray(header.length), sealed);
  const out = new Uint8Array(plaintext.length);
  const opensRight =
    aead.open(nonce, packet, 0, header.length, packet.length, out) === out.length && equal(out, plaintext);
  packet[packet.length - 1] = (packet[packet.length - 1] as number) ^ 1;
  const refuses = aead.open(nonce, packet, 0, header.length, packet.length, out) === -1;
  if (!sealsRight || !opensRight || !refuses) throw new Error(`${name} fails ${vector.source}`);
}

function bytesOfHex(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
