import { createNobleProvider } from "@sortie/handshake";
import { createNodeProvider } from "@sortie/handshake/node";
import { Prng } from "@sortie/transport-memory";
import { describe, expect, it } from "vitest";
import { createSeededCrypto } from "../src/index.js";

describe("createSeededCrypto", () => {
  it("gives what the JavaScript provider makes of the same generator, signatures too", () => {
    for (const seed of [0, 1, 0xffff_ffff]) {
      const prng = new Prng(seed);
      const randomBytes = (length: number) => Uint8Array.from({ length }, () => prng.uint32() & 0xff);
      const reference = createNobleProvider({ randomBytes });
      const crypto = createSeededCrypto(seed);
      const [own, peer] = [crypto.generateKeyPair(), crypto.generateKeyPair()];
      const expected = reference.generateKeyPair();
      expect(own.publicKey).toEqual(expected.publicKey);
      expect(peer.publicKey).toEqual(reference.generateKeyPair().publicKey);
      expect(crypto.randomBytes(16)).toEqual(reference.randomBytes(16));
      const secret = crypto.sharedSecret(own.privateKey, peer.publicKey);
      expect(secret).toEqual(reference.sharedSecret(expected.privateKey, peer.publicKey));
      const message = Uint8Array.of(seed & 0xff, 1, 2);
      const signature = crypto.sign(own.privateKey, message);
      expect(signature).toEqual(reference.sign(expected.privateKey, message));
      expect(crypto.verify(own.publicKey, message, signature)).toBe(true);
      expect(crypto.hkdfSha256(message, message, message, 40)).toEqual(
        reference.hkdfSha256(message, message, message, 40),
      );
    }
  });

  it("keeps copies of the scalars that it imports, of a Buffer too", () => {
    const crypto = createSeededCrypto(3);
    const given = Buffer.alloc(32, 7);
    const { privateKey, publicKey } = crypto.importPrivateKey(given);
    given.fill(0);
    const message = Uint8Array.of(1);
    expect(crypto.verify(publicKey, message, crypto.sign(privateKey, message))).toBe(true);
    expect(() => crypto.importPrivateKey("7".repeat(32) as never)).toThrow(TypeError);
  });

  it("signs with keys of any seeded provider and of the JavaScript one, and with no others", () => {
    const own = createSeededCrypto(1).generateKeyPair();
    const [message, crypto] = [Uint8Array.of(1), createSeededCrypto(2)];
    expect(crypto.verify(own.publicKey, message, crypto.sign(own.privateKey, message))).toBe(true);
    const ofNoble = createNobleProvider().generateKeyPair();
    expect(crypto.verify(ofNoble.publicKey, message, crypto.sign(ofNoble.privateKey, message))).toBe(true);
    const foreign = createNodeProvider().generateKeyPair();
    expect(() => crypto.sign(foreign.privateKey, message)).toThrow(/expected .*, got/);
  });
});
