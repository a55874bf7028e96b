import { describe, expect, it } from "vitest";
import { CipherSuite } from "@sortie/wire";
import { aeadVectors } from "./aead-vectors.js";
import { concat, flipped, hex, noble, node, providers, seededBytes, suites, toHex } from "./support.js";

describe.each(providers)("AEADs of the %s provider", (_, crypto) => {
  it.each(aeadVectors)("$source", (vector) => {
    const [nonce, aad, plaintext] = [hex(vector.nonce), hex(vector.aad), hex(vector.plaintext)];
    const aead = crypto.createAead(vector.suite, hex(vector.key));
    const bodyEnd = aad.length + plaintext.length;
    const sealed = concat(aad, plaintext, new Uint8Array(16));
    aead.seal(nonce, sealed, 0, aad.length, bodyEnd);
    expect(toHex(sealed)).toBe(vector.aad + vector.ciphertext + vector.tag);

    const out = new Uint8Array(plaintext.length);
    expect(aead.open(nonce, sealed, 0, aad.length, sealed.length, out)).toBe(plaintext.length);
    expect(toHex(out)).toBe(vector.plaintext);
  });

  it.each(suites)("suite %i works inside a larger buffer and touches nothing around it", (suite) => {
    const aead = crypto.createAead(suite, new Uint8Array(suite === CipherSuite.Aes128Gcm ? 16 : 32).fill(9));
    const nonce = new Uint8Array(12).fill(3);
    for (const offset of [0, 1, 2, 3, 4, 7]) {
      // A view into a larger ArrayBuffer too: offsets of both kinds.
      const bytes = new Uint8Array(200).subarray(3).fill(0xee);
      bytes.fill(0x11, offset, offset + 9).fill(0x22, offset + 9, offset + 59);
      aead.seal(nonce, bytes, offset, offset + 9, offset + 59);
      expect([...bytes.subarray(0, offset)].every((byte) => byte === 0xee)).toBe(true);
      expect([...bytes.subarray(offset, offset + 9)].every((byte) => byte === 0x11)).toBe(true);
      expect([...bytes.subarray(offset + 75)].every((byte) => byte === 0xee)).toBe(true);

      const before = bytes.slice();
      const out = new Uint8Array(60).fill(0xdd);
      expect(aead.open(nonce, bytes, offset, offset + 9, offset + 75, out)).toBe(50);
      expect(bytes).toEqual(before);
      expect([...out.subarray(0, 50)].every((byte) => byte === 0x22)).toBe(true);
      expect([...out.subarray(50)].every((byte) => byte === 0xdd)).toBe(true);
    }
  });

  it.each(suites)("suite %i refuses every changed bit and leaves `out` and the packet alone", (suite) => {
    const aead = crypto.createAead(suite, new Uint8Array(suite === CipherSuite.Aes128Gcm ? 16 : 32).fill(9));
    const nonce = new Uint8Array(12).fill(3);
    const sealed = new Uint8Array(9 + 5 + 16).fill(0x42);
    aead.seal(nonce, sealed, 0, 9, 14);
    const out = new Uint8Array(16).fill(0xdd);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const forged = flipped(sealed, bit >> 3, 1 << (bit & 7));
      const before = forged.slice();
      expect(aead.open(nonce, forged, 0, 9, forged.length, out)).toBe(-1);
      expect(forged).toEqual(before);
    }
    expect(aead.open(flipped(nonce, 11), sealed, 0, 9, sealed.length, out)).toBe(-1);
    expect(aead.open(nonce, sealed, 0, 9, sealed.length - 1, out)).toBe(-1);
    expect(aead.open(nonce, sealed, 1, 9, sealed.length, out)).toBe(-1);
    expect([...out].every((byte) => byte === 0xdd)).toBe(true);
    expect(aead.open(nonce, sealed, 0, 9, sealed.length, out)).toBe(5);
  });

  it("refuses keys of the wrong length and unknown suites", () => {
    expect(() => crypto.createAead(CipherSuite.Aes128Gcm, new Uint8Array(32))).toThrow(
      '"key" expected 16 bytes, got 32',
    );
    expect(() => crypto.createAead(CipherSuite.ChaCha20Poly1305, new Uint8Array(16))).toThrow(RangeError);
    expect(() => crypto.createAead(3 as CipherSuite, new Uint8Array(16))).toThrow('"suite" expected 1 or 2, got 3');
  });
});

describe("both providers", () => {
  it.each(suites)("seal suite %i to the same bytes and open each other's", (suite) => {
    const bytes = seededBytes(11);
    for (const length of [1, 15, 16, 17, 63, 64, 65, 255, 1200, 1427]) {
      const key = bytes(suite === CipherSuite.Aes128Gcm ? 16 : 32);
      const [nonce, header, body] = [bytes(12), bytes(9), bytes(length)];
      const byNoble = concat(header, body, new Uint8Array(16));
      const byNode = byNoble.slice();
      noble.createAead(suite, key).seal(nonce, byNoble, 0, 9, 9 + length);
      node.createAead(suite, key).seal(nonce, byNode, 0, 9, 9 + length);
      expect(toHex(byNode)).toBe(toHex(byNoble));
      const out = new Uint8Array(1427);
      expect(noble.createAead(suite, key).open(nonce, byNode, 0, 9, byNode.length, out)).toBe(length);
      expect(toHex(out.subarray(0, length))).toBe(toHex(body));
      expect(node.createAead(suite, key).open(nonce, byNoble, 0, 9, byNoble.length, out)).toBe(length);
      expect(toHex(out.subarray(0, length))).toBe(toHex(body));
    }
  });

  it("prefer what is quick for them, and know both suites", () => {
    expect(noble.suitePreference).toEqual([CipherSuite.ChaCha20Poly1305, CipherSuite.Aes128Gcm]);
    expect(node.suitePreference).toEqual([CipherSuite.Aes128Gcm, CipherSuite.ChaCha20Poly1305]);
  });
});
